import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectionLimit } from '../../../../core/runtime/connection-limit.ts';

/** Three connections, opened as a, b and c in this order. */
function full(): ConnectionLimit<string> {
  const limit = new ConnectionLimit<string>({ connections: 3, requestsEach: 2 });
  for (const connection of ['a', 'b', 'c']) assert.equal(limit.opened(connection), null);
  return limit;
}

/** Begins an answer; call what it returns to finish it. */
function begin(limit: ConnectionLimit<string>, connection: string): () => Promise<void> {
  let finish: () => void = () => undefined;
  const made = limit.whileAnswering(connection, () => new Promise<void>((resolve) => (finish = resolve)));
  return () => {
    finish();
    return made;
  };
}

describe('a connection beyond the limit', () => {
  it('takes the place of the one that has waited longest for its client', async () => {
    const limit = full();
    await limit.whileAnswering('a', () => undefined);
    assert.deepEqual([limit.opened('d'), limit.opened('e'), limit.opened('f')], ['b', 'c', 'a']);
  });

  it('takes no place that an answer is being made for, and is closed itself when there is no other', async () => {
    const limit = full();
    const answers = ['a', 'b'].map((connection) => begin(limit, connection));
    assert.equal(limit.opened('d'), 'c');
    answers.push(begin(limit, 'd'));
    assert.equal(limit.opened('e'), 'e');
    for (const finish of answers.reverse()) await finish();
    assert.deepEqual([limit.opened('f'), limit.opened('g'), limit.opened('h')], ['d', 'b', 'a']);
  });

  it('takes no place where one of several answers is still being made', async () => {
    const limit = full();
    begin(limit, 'a');
    await limit.whileAnswering('a', () => undefined);
    assert.deepEqual([limit.opened('d'), limit.opened('e'), limit.opened('f')], ['b', 'c', 'd']);
  });

  it('takes the place of an event stream only when there is no other', () => {
    const limit = full();
    limit.eventsBegin('a');
    limit.eventsBegin('b');
    assert.equal(limit.opened('d'), 'c');
    limit.eventsBegin('d');
    assert.equal(limit.opened('e'), 'a');
  });

  it('takes the place of one whose event stream has ended as of any other', () => {
    const limit = full();
    limit.eventsBegin('a');
    limit.eventsEnd('a');
    assert.deepEqual([limit.opened('d'), limit.opened('e'), limit.opened('f')], ['b', 'c', 'a']);
  });

  it('takes a place that was left', () => {
    const limit = full();
    limit.closed('b');
    assert.equal(limit.opened('d'), null);
  });
});

describe('a connection', () => {
  it('waits for its client again when its answer could not be made', async () => {
    const limit = full();
    await assert.rejects(
      limit.whileAnswering('a', () => {
        throw new Error('broken');
      }),
    );
    assert.deepEqual([limit.opened('d'), limit.opened('e'), limit.opened('f')], ['b', 'c', 'a']);
  });

  it('that left while its answer was being made has no place', async () => {
    const limit = full();
    const finish = begin(limit, 'a');
    limit.closed('a');
    await finish();
    assert.deepEqual([limit.opened('d'), limit.opened('e')], [null, 'b']);
  });

  it('is told when it has sent as many requests as it may', () => {
    const limit = full();
    assert.deepEqual([limit.countRequest('a'), limit.countRequest('a')], ['one of many', 'last']);
    assert.equal(limit.countRequest('b'), 'one of many');
  });
});
