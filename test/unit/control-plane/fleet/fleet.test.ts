/** The roster: who comes on it, and who goes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fleet } from '../../../../control-plane/fleet/fleet.ts';
import type { LbError } from '../../../../core/runtime/errors.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import {
  applied,
  backendReport,
  listenerReport,
  proxyInfo,
  report,
} from '../../../../harness/control-plane/reports.ts';

const TEN_MINUTES = 600_000;

function fleet() {
  const clock = new FakeClock();
  const made = new Fleet(clock);
  const ended: string[] = [];
  const told: string[] = [];
  const changes = { change: 0, health: 0 };
  made.on('change', () => {
    changes.change += 1;
  });
  made.on('health', () => {
    changes.health += 1;
  });
  return {
    clock,
    made,
    ended,
    told,
    ids: () => made.list().map(({ info, connected }) => `${info.id}${connected ? '' : ' (away)'}`),
    connect: (id: string, instanceId = `${id}-1`) =>
      made.connect(
        proxyInfo(id, instanceId),
        {
          end: ({ code, message }: LbError) => ended.push(`${instanceId} ${code} ${message}`),
          sameId: (others) => told.push(`${instanceId}: ${others.map(({ info }) => info.instanceId).join()}`),
        },
        `${instanceId}.example`,
      ),
    /** `change` and `health` events of an action. */
    changesSince: (action: () => void) => {
      const before = { ...changes };
      action();
      return { change: changes.change - before.change, health: changes.health - before.health };
    },
  };
}

describe('the roster', () => {
  it('is sorted by id, and keeps a proxy whose stream was lost for ten minutes, or that came back in time', () => {
    const { clock, connect, ids } = fleet();
    for (const id of ['b', 'a']) connect(id).close();
    clock.advance(TEN_MINUTES - 1);
    assert.deepEqual(ids(), ['a (away)', 'b (away)']);
    connect('b');
    clock.advance(TEN_MINUTES);
    assert.deepEqual(ids(), ['b']);
  });

  it('drops a proxy that announced its stop when its stream ends', () => {
    const { connect, ids } = fleet();
    const session = connect('a');
    session.report(report({ stopping: true }));
    assert.deepEqual(ids(), ['a']);
    session.close();
    assert.deepEqual(ids(), []);
  });

  it('forgets a disconnected proxy on request, but not a connected one', () => {
    const { made, connect, ids } = fleet();
    const session = connect('a');
    assert.throws(() => made.remove('a'), { code: 'FAILED_PRECONDITION' });
    session.close();
    made.remove('a');
    assert.deepEqual(ids(), []);
    assert.throws(() => made.remove('a'), { code: 'NOT_FOUND' });
  });

  it('lists two living processes with one id until one of them has left, and tells both', () => {
    const { clock, made, connect, ended, told } = fleet();
    const duplicates: string[] = [];
    made.on('duplicate', (process, other) => duplicates.push(`${process.peer} ${other.peer}`));
    const sameIds = () => made.list().map(({ sameId }) => sameId.map(({ info }) => info.instanceId).join());
    const first = connect('a', 'first');
    const second = connect('a', 'second');
    assert.deepEqual(sameIds(), ['', '']);
    first.report(report());
    assert.deepEqual(sameIds(), ['second', 'first']);
    assert.deepEqual(told, ['first: second', 'second: first']);
    assert.deepEqual(duplicates, ['first.example second.example']);
    first.close();
    const again = connect('a', 'first');
    again.report(report());
    clock.advance(TEN_MINUTES);
    assert.deepEqual(sameIds(), ['first', 'second'], 'it reconnected');
    assert.equal(duplicates.length, 1);
    second.report(report({ stopping: true }));
    second.close();
    assert.deepEqual(sameIds(), ['']);
    assert.equal(told.at(-1), 'first: ');
    assert.deepEqual(ended, []);
  });

  it('waits for a lost one of two processes with one id as long as a proxy takes to reconnect', () => {
    const { clock, made, connect, ids } = fleet();
    const sessions = [connect('a', 'first'), connect('a', 'second')];
    sessions[0]?.report(report());
    sessions[0]?.close();
    assert.equal(made.list()[1]?.sameId.length, 1);
    clock.advance(10_000);
    assert.deepEqual([ids(), made.list()[0]?.sameId.length], [['a'], 0]);
    sessions[1]?.close();
    clock.advance(TEN_MINUTES - 1);
    assert.deepEqual(ids(), ['a (away)']);
    clock.advance(1);
    assert.deepEqual(ids(), []);
  });

  it('waits for one that stood still as for any proxy that is away, until it is forgotten', () => {
    const { clock, made, connect, ids } = fleet();
    const frozen = connect('a', 'frozen');
    let second = connect('a', 'second');
    frozen.report(report());
    assert.throws(() => made.remove('a'), { code: 'FAILED_PRECONDITION' });
    clock.advance(30_000);
    frozen.close();
    second.close();
    second = connect('a', 'second');
    clock.advance(TEN_MINUTES - 1);
    assert.deepEqual(
      made.list().map(({ connected, sameId }) => [connected, sameId.length]),
      [
        [false, 1],
        [true, 1],
      ],
    );
    made.remove('a');
    assert.deepEqual([ids(), made.list()[0]?.sameId], [['a'], []]);
    second.close();
    assert.deepEqual(ids(), ['a (away)']);
  });

  it('takes a process that is silent while another one has come under its id for one that crashed', () => {
    const { clock, made, connect, ids, ended } = fleet();
    connect('a', 'crashed');
    connect('a', 'restarted').report(report());
    assert.equal(made.list().length, 2, 'nothing is confirmed meanwhile that the first might not have');
    clock.advance(5_000);
    assert.match(ended.join(), /^crashed ALREADY_EXISTS nothing came for 5 s/);
    assert.deepEqual(ids(), ['a']);
    const lost = connect('b', 'lost');
    connect('b', 'restarted');
    lost.close();
    assert.deepEqual(ids(), ['a', 'b']);
  });

  it('does not take a process for silent because this one stood still: it reads first what had come', () => {
    const { clock, connect, ended, made } = fleet();
    const first = connect('a', 'first');
    connect('a', 'second');
    clock.stall(60_000);
    clock.advance(0);
    first.report(report());
    clock.advance(60_000);
    assert.deepEqual([ended, made.list().length], [[], 2]);
  });

  it('lets a process replace its own stream, and ignores later reports of that one', () => {
    const { made, connect, ended } = fleet();
    const first = connect('a', 'first');
    connect('a', 'first');
    assert.match(ended.join(), /^first ABORTED /);
    first.report(report({ applied: applied(7), stopping: true }));
    first.close();
    assert.deepEqual([made.list().length, made.list()[0]?.applied], [1, null]);
  });

  it('is unknown after a start for longer than the longest backoff of a proxy', () => {
    const { clock, made } = fleet();
    clock.advance(4_999);
    assert.equal(made.unknownForMs(), 1);
    clock.advance(1);
    assert.equal(made.unknownForMs(), 0);
  });

  it('takes ten thousand proxies, of which the one that is away for longest makes room for a new one', () => {
    const { clock, made, connect } = fleet();
    const left: string[] = [];
    made.on('contact', (kind, { id }) => {
      if (kind === 'stopped') left.push(id);
    });
    const sessions = Array.from({ length: 10_000 }, (_, index) => connect(`p${index}`));
    assert.throws(() => connect('one-more'), { code: 'RESOURCE_EXHAUSTED' });
    connect('p1', 'p1-1');
    for (const index of [7, 5]) {
      sessions[index]?.close();
      clock.advance(1);
    }
    connect('one-more');
    assert.deepEqual(left, ['p7'], 'the store forgets it, too');
    assert.equal(made.list().length, 10_000);
  });

  it('announces who comes and goes and what a proxy runs, health transitions apart, but not counters', () => {
    const { connect, changesSince } = fleet();
    connect('other');
    let session = connect('other');
    const backends = (fields = {}) => report({ backends: [backendReport('web', '10.0.0.1:80', fields)] });
    const unhealthy = { health: 'HEALTH_UNHEALTHY' };
    const changes = [
      () => (session = connect('a')),
      () => session.report(report({ applied: applied(1) })),
      () => session.report(backends()),
      () => session.report(backends({ connectionsActive: 7 })),
      () => session.report(backends(unhealthy)),
      () => session.report(backends({ ...unhealthy, connectionsTotal: '8' })),
      () => session.close(),
      () => session.close(),
    ].map(changesSince);
    assert.deepEqual(
      changes.map(({ change }) => change),
      [1, 1, 0, 0, 0, 0, 1, 0],
    );
    assert.deepEqual(
      changes.map(({ health }) => health),
      [0, 0, 1, 0, 1, 0, 0, 0],
    );
  });
});

describe('what a proxy reports', () => {
  const proxyOf = ({ made }: ReturnType<typeof fleet>) => made.list()[0] ?? assert.fail('no proxy');

  it('adds to what it reported before', () => {
    const all = fleet();
    const session = all.connect('a');
    session.report(report({ applied: applied(3), backends: [backendReport('web', '10.0.0.1:80')] }));
    session.report(report({ backends: [backendReport('web', '10.0.0.2:80', { connectionsActive: 5 })] }));
    const proxy = proxyOf(all);
    assert.deepEqual(
      Array.from(proxy.backends, ([key]) => key),
      ['web/10.0.0.1:80', 'web/10.0.0.2:80'],
    );
    assert.equal(proxy.applied?.position?.revision, '3');
  });

  it('removes what it reports as gone', () => {
    const all = fleet();
    const session = all.connect('a');
    session.report(
      report({
        backends: [backendReport('web', '10.0.0.1:80'), backendReport('web', '10.0.0.2:80')],
        listeners: [listenerReport('web', { connectionsActive: 1, connectionsTotal: '1' })],
      }),
    );
    session.report(
      report({ goneBackends: [{ pool: 'web', address: '10.0.0.1:80' }], goneListeners: ['web'] }),
    );
    assert.deepEqual(
      Array.from(proxyOf(all).backends, ([key]) => key),
      ['web/10.0.0.2:80'],
    );
    assert.equal(proxyOf(all).listeners.size, 0);
  });

  it('starts from nothing with each stream', () => {
    const all = fleet();
    const session = all.connect('a');
    session.report(report({ applied: applied(3), backends: [backendReport('web', '10.0.0.1:80')] }));
    session.close();
    assert.equal(proxyOf(all).backends.size, 1);
    all.connect('a', 'a-2');
    assert.equal(proxyOf(all).backends.size, 0);
    assert.equal(proxyOf(all).applied, null);
  });

  it('is bounded', () => {
    const session = fleet().connect('a');
    const listeners = Array.from({ length: 10_001 }, (_, index) => listenerReport(`l${index}`));
    assert.throws(() => session.report(report({ listeners })), { code: 'RESOURCE_EXHAUSTED' });
  });
});
