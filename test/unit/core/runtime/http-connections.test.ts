import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpConnections } from '../../../../core/runtime/http-connections.ts';

/** Three connections, opened as a, b and c in this order. */
function full(): HttpConnections<string> {
  const connections = new HttpConnections<string>({ connections: 3, requestsEach: 2, pipelined: 2 });
  for (const connection of ['a', 'b', 'c']) assert.equal(connections.opened(connection), null);
  return connections;
}

/** Whose place each of these takes, one after the other; null where one was free. */
const opened = (connections: HttpConnections<string>, ...names: string[]) =>
  names.map((name) => connections.opened(name));

/** Begins a change; call what it returns to finish it. */
function begin(connections: HttpConnections<string>, connection: string): () => Promise<void> {
  let finish: () => void = () => undefined;
  const made = connections.whileChanging(
    connection,
    () => new Promise<void>((resolve) => (finish = resolve)),
  );
  return () => {
    finish();
    return made;
  };
}

describe('a connection beyond the limit', () => {
  it('takes the place of the one that has waited longest for its client', async () => {
    const connections = full();
    connections.requestBegins('a');
    connections.requestEnds('a');
    assert.deepEqual(opened(connections, 'd', 'e', 'f'), ['b', 'c', 'a']);
  });

  it('takes the place of one that waits for its answer only when none waits for its client', () => {
    const connections = full();
    connections.requestBegins('a');
    connections.requestBegins('c');
    connections.eventsBegin('b');
    assert.deepEqual(opened(connections, 'd', 'e', 'f'), ['a', 'd', 'e']);
    connections.requestBegins('f');
    assert.deepEqual(opened(connections, 'g'), ['c']);
  });

  it('takes no place where a change is being made, and is closed itself when there is no other', async () => {
    const connections = full();
    const answers = ['a', 'b'].map((connection) => begin(connections, connection));
    assert.equal(connections.opened('d'), 'c');
    answers.push(begin(connections, 'd'));
    assert.equal(connections.opened('e'), 'e');
    for (const finish of answers.reverse()) await finish();
    assert.deepEqual(opened(connections, 'f', 'g', 'h'), ['a', 'b', 'd']);
  });

  it('takes no place where one of several changes is still being made', async () => {
    const connections = full();
    begin(connections, 'a');
    await connections.whileChanging('a', () => undefined);
    assert.deepEqual(opened(connections, 'd', 'e', 'f'), ['b', 'c', 'd']);
  });

  it('takes the place of an event stream only when there is no other', () => {
    const connections = full();
    connections.eventsBegin('a');
    connections.eventsBegin('b');
    assert.equal(connections.opened('d'), 'c');
    connections.eventsBegin('d');
    assert.equal(connections.opened('e'), 'a');
  });

  it('takes the place of one whose event stream has ended as of any other', () => {
    const connections = full();
    connections.eventsBegin('a');
    connections.eventsEnd('a');
    assert.deepEqual(opened(connections, 'd', 'e', 'f'), ['b', 'c', 'a']);
  });

  it('takes a place that was left', () => {
    const connections = full();
    connections.closed('b');
    assert.equal(connections.opened('d'), null);
  });
});

describe('a connection', () => {
  it('waits for its client again when its change could not be made', async () => {
    const connections = full();
    await assert.rejects(
      connections.whileChanging('a', () => {
        throw new Error('broken');
      }),
    );
    assert.deepEqual(opened(connections, 'd', 'e', 'f'), ['a', 'b', 'c']);
  });

  it('that left while its change was being made has no place', async () => {
    const connections = full();
    const finish = begin(connections, 'a');
    connections.closed('a');
    await finish();
    assert.deepEqual(opened(connections, 'd', 'e'), [null, 'b']);
  });

  it('is told when it has sent as many requests as it may', () => {
    const connections = full();
    assert.deepEqual(
      [connections.requestBegins('a'), connections.requestBegins('a')],
      ['one of many', 'last'],
    );
    assert.equal(connections.requestBegins('b'), 'one of many');
  });

  it('may not send a third request before it has an answer', () => {
    const connections = full();
    for (let request = 0; request < 2; request++) connections.requestBegins('a');
    assert.equal(connections.requestBegins('a'), 'too many');
    connections.requestEnds('a');
    assert.equal(connections.requestBegins('a'), 'last');
    assert.equal(connections.requestBegins('unknown'), 'too many');
  });
});
