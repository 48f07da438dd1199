/** Which connections a fault run lets fail: those that a script killed, and no others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConnectionRecord } from '../../faults/clients.ts';
import { excuseFor, type Surroundings } from '../../faults/judgement/connection-rule.ts';

const killed = { fromMs: 1_000, goneMs: 1_050, toMs: 3_000, how: 'killed' } as const;
const stopped = { fromMs: 1_000, goneMs: Number.POSITIVE_INFINITY, toMs: 3_000, how: 'stopped' } as const;

const quiet: Surroundings = {
  proxies: new Map([
    ['proxy-1', []],
    ['proxy-2', []],
  ]),
  backends: new Map([
    ['a:1', []],
    ['b:1', []],
  ]),
  proxyAt: (source) => (source === '127.0.7.1' ? 'proxy-1' : 'proxy-2'),
  drainingSinceMs: () => undefined,
  drainTimeoutMs: 3_000,
};

const failed = (fields: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  kind: 'long',
  openedMs: 500,
  endedMs: 1_020,
  localPort: 1,
  backend: 'a:1',
  source: '127.0.7.1',
  bytes: 10,
  failure: 'ended by ECONNRESET',
  corrupted: false,
  ...fields,
});

const withProxy = (name: string, ...outages: (typeof killed | typeof stopped)[]): Surroundings => ({
  ...quiet,
  proxies: new Map([...quiet.proxies, [name, outages]]),
});

const withBackend = (address: string): Surroundings => ({
  ...quiet,
  backends: new Map([...quiet.backends, [address, [killed]]]),
});

describe('a connection that failed', () => {
  it('has no excuse where nothing happened to its proxy and its backend', () => {
    assert.equal(excuseFor(failed(), quiet), null);
    assert.equal(excuseFor(failed(), withProxy('proxy-2', killed)), null);
    assert.equal(excuseFor(failed(), withBackend('b:1')), null);
  });

  it('has no excuse when it was over before, or was opened when the dead was gone', () => {
    assert.equal(excuseFor(failed({ endedMs: 900 }), withProxy('proxy-1', killed)), null);
    const late = failed({ openedMs: 1_100, endedMs: 2_000 });
    assert.equal(excuseFor(late, withProxy('proxy-1', killed)), null);
    assert.equal(excuseFor({ ...late, source: null, backend: null }, withProxy('proxy-1', killed)), null);
  });

  it('has no excuse in a process that was stopped for a while and went on', () => {
    assert.equal(excuseFor(failed(), withProxy('proxy-1', stopped)), null);
  });

  it('is excused once the deadline of a drain that its own proxy knew of was over, and not before', () => {
    const draining = {
      ...quiet,
      drainingSinceMs: (proxy: string) => (proxy === 'proxy-1' ? 10_000 : undefined),
    };
    assert.equal(excuseFor(failed({ endedMs: 12_100 }), draining), null);
    assert.match(excuseFor(failed({ endedMs: 12_400 }), draining) ?? '', /deadline/);
    assert.equal(excuseFor(failed({ endedMs: 13_000, source: '127.0.7.2' }), draining), null);
  });

  it('is excused by a drain that was over a moment before its backend came back', () => {
    const back = {
      ...quiet,
      drainingSinceMs: (_p: string, _b: string, atMs: number) => (atMs < 13_010 ? 10_000 : undefined),
    };
    assert.match(excuseFor(failed({ endedMs: 13_020 }), back) ?? '', /deadline/);
    assert.equal(excuseFor(failed({ endedMs: 14_000 }), back), null);
  });

  it('can have waited for a stopped backend that was drained meanwhile, when it was never greeted', () => {
    const drained = {
      ...quiet,
      drainingSinceMs: (_proxy: string, backend: string) => (backend === 'a:1' ? 1_000 : undefined),
    };
    const silent = failed({ source: null, backend: null, endedMs: 4_000 });
    assert.equal(excuseFor(silent, drained), null);
    const isStopped = { ...drained, backends: new Map([['a:1', [stopped]]]) };
    assert.match(excuseFor(silent, isStopped) ?? '', /deadline of the drain of a:1/);
    assert.equal(excuseFor({ ...silent, endedMs: 3_100 }, isStopped), null);
  });

  it('has no excuse for a wrong byte, whatever happened', () => {
    assert.equal(excuseFor(failed({ corrupted: true }), withProxy('proxy-1', killed)), null);
  });
});
