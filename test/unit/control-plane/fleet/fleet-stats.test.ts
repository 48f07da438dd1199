/** What a frame has, when it is made, and what is kept of the past. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { timestampFromWire } from '../../../../core/wire/timestamp-codec.ts';
import {
  backendReport,
  listenerReport,
  poolReport,
  report,
} from '../../../../harness/control-plane/reports.ts';
import { stateOf } from '../../../../harness/state.ts';
import { StatsRig, WEB } from '../../../../harness/control-plane/stats-rig.ts';

describe('a frame', () => {
  it('has everything that is configured, sorted, even if no proxy reports it', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const frame = rig.stats.frame();
    assert.deepEqual(
      frame.backends.map(({ backend: key }) => `${key?.pool}/${key?.address}`),
      ['api/10.0.1.1:80', 'web/10.0.0.1:80', 'web/10.0.0.2:80'],
    );
    assert.deepEqual(
      frame.pools.map((row) => [row.pool, row.backends, row.backendsUp]),
      [
        ['api', 1, 0],
        ['web', 2, 0],
      ],
    );
    assert.deepEqual(
      frame.listeners.map(({ listener }) => listener),
      ['front'],
    );
    assert.equal(frame.revision, '1');
  });

  it('has what was removed as long as it has connections', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const session = rig.connect('a');
    const rows = () =>
      [...rig.stats.frame().backends, ...rig.stats.frame().pools].filter((row) =>
        JSON.stringify(row).includes('old'),
      ).length;
    session.report(report({ backends: [backendReport('old', '10.9.0.1:80', { connectionsActive: 1 })] }));
    assert.equal(rows(), 2);
    rig.clock.advance(1_000);
    session.report(report({ goneBackends: [{ pool: 'old', address: '10.9.0.1:80' }] }));
    assert.equal(rows(), 0);
  });

  it('has the busiest backends, and says how many more there are', () => {
    const reported = (total: number) =>
      report({
        backends: [
          backendReport('web', '10.0.0.2:80', { connectionsTotal: String(total) }),
          backendReport('api', '10.0.1.1:80', { connectionsActive: 3 }),
        ],
      });
    const rig = StatsRig.reported(reported(0), reported(9));
    const shown = (maxBackends: number) => {
      const { backends, moreBackends } = rig.stats.frame({ maxBackends });
      return [backends.map(({ backend: key }) => key?.address), moreBackends];
    };
    assert.deepEqual(shown(1), [['10.0.0.2:80'], 2]);
    assert.deepEqual(shown(2), [['10.0.1.1:80', '10.0.0.2:80'], 1]);
  });

  it('of one pool has that pool, its backends and its listeners', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const { pools, backends, listeners } = rig.stats.frame({ pool: 'api' });
    assert.deepEqual([pools.map((row) => row.pool), backends.length, listeners], [['api'], 1, []]);
  });

  it('counts a backend as up if it is active and some proxy finds it healthy', () => {
    const rig = new StatsRig();
    const states = ['active', 'active', 'draining', 'disabled'] as const;
    const backends = states.map((state, index) => ({ address: `10.0.0.${index}:80`, state }));
    rig.configure(stateOf([{ kind: 'pool', value: { name: 'web', backends } }]));
    const unhealthy = { health: 'HEALTH_UNHEALTHY' } as const;
    rig.connect('a').report(
      report({
        backends: backends.map(({ address }, index) =>
          backendReport('web', address, index === 0 ? unhealthy : {}),
        ),
      }),
    );
    assert.deepEqual(
      rig.stats.frame().pools.map((row) => [row.backends, row.backendsUp]),
      [[4, 1]],
    );
  });

  it('says which tier of a pool serves at any connected proxy, and how many healthy backends are expected', () => {
    const rig = new StatsRig();
    const backends = [
      { address: '10.0.0.1:80', state: 'draining' as const },
      { address: '10.0.0.2:80', tier: 2 },
    ];
    rig.configure(
      stateOf([
        { kind: 'policy', value: { name: 'primary', expectHealthy: 1 } },
        { kind: 'pool', value: { name: 'pg', policy: 'primary', backends } },
      ]),
    );
    const tiers = [1, 2, 0].map((servingTier, index) => {
      const session = rig.connect(`p${index}`);
      session.report(report({ pools: [poolReport('pg', { servingTier })] }));
      return session;
    });
    const pools = () =>
      rig.stats.frame().pools.map((row) => [row.servingTier, row.backendsUp, row.expectedHealthy]);
    const heal = (address: string) =>
      tiers[2]?.report(report({ backends: [backendReport('pg', address, {})] }));
    heal('10.0.0.1:80');
    rig.clock.advance(1_000);
    assert.deepEqual(pools(), [[2, 0, 1]], 'nothing takes connections');
    heal('10.0.0.2:80');
    rig.clock.advance(1_000);
    assert.deepEqual(pools(), [[2, 2, 1]], 'the draining one passes, too');
    assert.deepEqual(
      rig.stats.frame({ maxBackends: 9 }).backends.map(({ tier }) => tier),
      [0, 2],
    );
    tiers[1]?.close();
    rig.clock.advance(1_000);
    assert.deepEqual(pools(), [[1, 2, 1]]);
  });

  it('shares its rows with frames of other filters', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const addresses = ['web/10.0.0.1:80', 'web/10.0.0.2:80', 'api/10.0.1.1:80'];
    const backends = addresses
      .map((key) => key.split('/'))
      .map(([pool = '', address = '']) => backendReport(pool, address));
    rig.connect('a').report(report({ backends }));
    const all = rig.stats.frame({ maxBackends: 10 });
    const web = rig.stats.frame({ pool: 'web', maxBackends: 1 });
    const fewer = rig.stats.frame({ maxBackends: 2 });
    assert.equal(web.proxies, all.proxies);
    for (const frame of [web, fewer]) {
      assert.ok(frame.backends.every((row) => all.backends.includes(row)));
      assert.ok(
        [...frame.pools, ...frame.listeners].every((row) =>
          [...all.pools, ...all.listeners].includes(row as never),
        ),
      );
    }
    assert.deepEqual([web.backends.length, web.moreBackends, fewer.moreBackends], [1, 1, 1]);
  });

  it('is made once a second for all watchers, and announced to them', () => {
    const rig = new StatsRig();
    const first = rig.stats.frame();
    assert.equal(rig.stats.frame(), first);
    rig.clock.advance(1_000);
    assert.notEqual(rig.stats.frame(), first);
    let told = 0;
    const stop = rig.stats.onFrame(() => {
      told += 1;
    });
    rig.clock.advance(3_000);
    stop();
    rig.clock.advance(3_000);
    assert.equal(told, 3);
    rig.stats.stop();
    rig.fleet.stop();
    assert.equal(rig.clock.pending, 0);
  });
});

describe('the past', () => {
  it('is kept for fifteen minutes, a frame every five seconds, without backends', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    rig.clock.advance(20 * 60_000);
    const past = rig.stats.past({}, 15 * 60_000);
    assert.equal(past.length, 180);
    assert.ok(past.every(({ backends, pools }) => backends.length === 0 && pools.length === 2));
    const times = past.map(({ time }) => timestampFromWire(time!));
    assert.ok(times.every((time, index) => index === 0 || time - (times[index - 1] ?? 0) === 5_000));
    assert.equal(rig.stats.past({}, 60_000).length, 12);
    assert.ok(rig.stats.past({ pool: 'api' }, 60_000).every(({ pools }) => pools.length === 1));
  });

  it('has the hundred busiest of each kind', () => {
    const reported = (total: number) =>
      report({
        listeners: Array.from({ length: 150 }, (_, index) =>
          listenerReport(`l${index}`, {
            connectionsActive: 1,
            connectionsTotal: String(index >= 50 ? total : 0),
          }),
        ),
      });
    const rig = StatsRig.reported(reported(0), reported(10));
    rig.clock.advance(1_000);
    const [frame] = rig.stats.past({}, 60_000);
    assert.equal(frame?.listeners.length, 100);
    assert.ok(frame.listeners.every(({ traffic }) => (traffic?.connectionsPerSecond ?? 0) > 0));
  });
});
