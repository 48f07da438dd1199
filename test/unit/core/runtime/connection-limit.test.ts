import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionPlaces } from '../../../../core/runtime/connection-limit.ts';

/** Three places, taken by a, b and c in this order. */
function full(): ConnectionPlaces<string> {
  const places = new ConnectionPlaces<string>({ connections: 3, requestsEach: 2 });
  for (const connection of ['a', 'b', 'c']) assert.equal(places.enter(connection), null);
  return places;
}

/** Begins an answer; call what it returns to finish it. */
function begin(places: ConnectionPlaces<string>, connection: string): () => Promise<void> {
  let finish: () => void = () => undefined;
  const made = places.whileAnswering(connection, () => new Promise<void>((resolve) => (finish = resolve)));
  return () => {
    finish();
    return made;
  };
}

describe('a connection beyond the limit', () => {
  it('takes the place of the one that has waited longest for its client', async () => {
    const places = full();
    await places.whileAnswering('a', () => undefined);
    assert.deepEqual([places.enter('d'), places.enter('e'), places.enter('f')], ['b', 'c', 'a']);
  });

  it('takes no place that an answer is being made for, and is closed itself when there is no other', async () => {
    const places = full();
    const answers = ['a', 'b'].map((connection) => begin(places, connection));
    assert.equal(places.enter('d'), 'c');
    answers.push(begin(places, 'd'));
    assert.equal(places.enter('e'), 'e');
    for (const finish of answers.reverse()) await finish();
    assert.deepEqual([places.enter('f'), places.enter('g'), places.enter('h')], ['d', 'b', 'a']);
  });

  it('takes no place where one of several answers is still being made', async () => {
    const places = full();
    begin(places, 'a');
    await places.whileAnswering('a', () => undefined);
    assert.deepEqual([places.enter('d'), places.enter('e'), places.enter('f')], ['b', 'c', 'd']);
  });

  it('takes the place of an event stream only when there is no other', () => {
    const places = full();
    places.eventsBegin('a');
    places.eventsBegin('b');
    assert.equal(places.enter('d'), 'c');
    places.eventsBegin('d');
    assert.equal(places.enter('e'), 'a');
  });

  it('takes the place of one whose event stream has ended as of any other', () => {
    const places = full();
    places.eventsBegin('a');
    places.eventsEnd('a');
    assert.deepEqual([places.enter('d'), places.enter('e'), places.enter('f')], ['b', 'c', 'a']);
  });

  it('takes a place that was left', () => {
    const places = full();
    places.leave('b');
    assert.equal(places.enter('d'), null);
  });
});

describe('a connection', () => {
  it('waits for its client again when its answer could not be made', async () => {
    const places = full();
    await assert.rejects(
      places.whileAnswering('a', () => {
        throw new Error('broken');
      }),
    );
    assert.deepEqual([places.enter('d'), places.enter('e'), places.enter('f')], ['b', 'c', 'a']);
  });

  it('that left while its answer was being made has no place', async () => {
    const places = full();
    const finish = begin(places, 'a');
    places.leave('a');
    await finish();
    assert.deepEqual([places.enter('d'), places.enter('e')], [null, 'b']);
  });

  it('is told when it has sent as many requests as it may', () => {
    const places = full();
    assert.deepEqual([places.countRequest('a'), places.countRequest('a')], ['one of many', 'last']);
    assert.equal(places.countRequest('b'), 'one of many');
  });
});
