import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { EventLog, type EventKind } from '../../../../control-plane/fleet/event-log.ts';

let log: EventLog;
beforeEach(() => {
  log = new EventLog(500);
});

const down = (proxyId: string, atMs: number, kind: EventKind = 'KIND_BACKEND_UNHEALTHY', port = 80) => {
  const backend = `10.0.0.1:${port}`;
  log.addTransition({ kind, pool: 'web', backend, proxyId, text: `${backend} is down` }, atMs);
};
const kept = (version = 0, fromMs = 0) =>
  log.after(version, fromMs).map(({ id, count, proxyId }) => `${id}: ${count} ${proxyId}`);

describe('the event log', () => {
  it('merges a transition that many proxies report, and begins anew when one reports it again, or later', () => {
    for (const proxy of ['a', 'b', 'c']) down(proxy, 1_000);
    assert.deepEqual(kept(), ['1: 3 a']);
    assert.equal(log.after(0, 0)[0]?.text, '10.0.0.1:80 is down, as 3 proxies see it');
    down('a', 2_000, 'KIND_BACKEND_HEALTHY');
    down('b', 3_000);
    down('d', 3_000);
    assert.deepEqual(kept(), ['1: 3 a', '2: 1 a', '3: 2 b']);
    down('e', 13_001);
    assert.deepEqual(kept(), ['1: 3 a', '2: 1 a', '3: 2 b', '4: 1 e']);
  });

  it('gives out again what has changed since a version, and only what is not too old', () => {
    down('a', 1_000);
    log.add({ kind: 'KIND_COMMIT', text: 'revision 1' }, 2_000);
    const { version } = log;
    assert.deepEqual(kept(version), []);
    down('b', 3_000);
    assert.deepEqual(kept(version), ['1: 2 a']);
    assert.deepEqual(kept(0, 1_500), ['2: 1 ']);
  });

  it('keeps a thousand transitions and a thousand others, and says from when on it is complete', () => {
    log.add({ kind: 'KIND_COMMIT', text: 'revision 1' }, 900);
    for (let index = 0; index < 1_001; index += 1) down('a', 1_000 + index, 'KIND_BACKEND_EJECTED', index);
    const events = log.after(0, 0);
    assert.deepEqual([events.length, events[0]?.kind], [1_001, 'KIND_COMMIT']);
    assert.equal(log.keptSinceMs, 1_000);
  });
});
