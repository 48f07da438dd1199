/** What the page shows of the fleet. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FleetViews, fleetViews } from '../../../../control-plane/dashboard/view/fleet-view.ts';
import type { ProxyRecord } from '../../../../control-plane/fleet/proxy-record.ts';
import {
  applied,
  backendReport,
  listenerReport,
  reportedProxy as proxy,
} from '../../../../harness/control-plane/reports.ts';
import { stateOf } from '../../../../harness/state.ts';

const state = stateOf([
  {
    kind: 'pool',
    value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 3 }, { address: '10.0.0.2:80' }] },
  },
  { kind: 'pool', value: { name: 'api', backends: [] } },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
  { kind: 'policy', value: { name: 'unchecked', healthCheck: { type: 'none' } } },
]);
const followed = { state, position: { ...state.head, version: 1 }, members: [] };
const ready = { ready: true } as const;

const refused = {
  health: 'HEALTH_UNHEALTHY',
  reason: 'connection refused',
  since: { seconds: '100', nanos: 0 },
} as const;

const viewOf = (views: FleetViews, pool: string) => ({ ...views.shared, ...views.of(pool) });

function view(proxies: readonly ProxyRecord[], pool = '') {
  return viewOf(fleetViews(followed, ready, proxies), pool);
}

describe('the view of the fleet', () => {
  it('has nothing but the reason before the store was read', () => {
    const { revision, problems, pools, pool } = viewOf(
      fleetViews(null, { ready: false, reason: 'no answer' }, []),
      'web',
    );
    assert.deepEqual([revision, problems.rows[0]?.why[0], pools.rows, pool], [null, 'no answer', [], null]);
  });

  it('shows pools by name, with how many of their backends are up', () => {
    const backends = [
      backendReport('web', '10.0.0.1:80', { connectionsActive: 2 }),
      backendReport('web', '10.0.0.2:80', refused),
    ];
    const both = view([proxy('a', { backends }), proxy('b', { backends })]).pools.rows;
    assert.deepEqual(
      both.map(({ name, backends: count, up, connections }) => [name, count, up, connections]),
      [
        ['api', 0, 0, 0],
        ['web', 2, 1, 4],
      ],
    );
    assert.deepEqual(both[1]?.availabilities, { up: 1, down: 1 });
  });

  it('shows policies and listeners in words', () => {
    const { policies, listeners } = view([
      proxy('a', { listeners: [listenerReport('web', { connectionsActive: 7 })] }),
      proxy('b', {
        applied: applied(1, {
          failedListeners: [{ listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' }],
        }),
      }),
    ]);
    assert.deepEqual(
      policies.rows.map(({ name, healthCheck }) => [name, healthCheck]),
      [
        ['default', 'tcp every 5s, timeout 2s'],
        ['unchecked', 'none'],
      ],
    );
    assert.deepEqual([listeners.rows[0]?.connections, listeners.rows[0]?.failures], [7, ['b: EADDRINUSE']]);
  });

  it('shows the backends of the pool that was asked for, and why each is as it is', () => {
    const backends = [backendReport('web', '10.0.0.1:80', { ...refused, connectionsActive: 2 })];
    const { pool } = view(
      [
        proxy('a', { backends }),
        proxy('b', { backends: [backendReport('web', '10.0.0.1:80')] }),
        proxy('gone', { backends }, false),
      ],
      'web',
    );
    const [first, second] = pool?.backends.rows ?? [];
    assert.deepEqual([first?.availability, first?.weight, first?.connections], ['partly up', 3, 2]);
    assert.deepEqual(first?.complaints, [
      { proxy: 'a', health: 'unhealthy', reason: 'connection refused', sinceMs: 100_000 },
    ]);
    assert.equal(second?.availability, 'unseen');
    assert.equal(view([], 'nothing').pool, null);
  });

  it('counts a health that this program does not know as unknown', () => {
    const backends = [backendReport('web', '10.0.0.1:80', { health: 9 as never })];
    const { pool } = view([proxy('a', { backends })], 'web');
    assert.equal(pool?.backends.rows[0]?.availability, 'not checked yet');
  });

  it('says of a proxy how far it is behind, what it refused and when it was last seen', () => {
    const rejected = { position: applied(9).position, violations: [{ field: '', description: 'too large' }] };
    const { proxies } = view([
      proxy('behind', { applied: applied(0, { rejected }) }),
      proxy('gone', {}, false),
    ]);
    assert.deepEqual(
      proxies.rows.map(({ revision, lag, refused: what, lastSeenMs }) => [revision, lag, what, lastSeenMs]),
      [
        [0, 1, 'revision 9: too large', null],
        [1, 0, '', 1_700_000_000_000],
      ],
    );
  });

  it('cuts what is long, says by how much, and counts everything', () => {
    const addresses = Array.from({ length: 600 }, (_, index) => `10.0.${index >> 8}.${index & 255}:80`);
    const large = stateOf([
      { kind: 'pool', value: { name: 'web', backends: addresses.map((address) => ({ address })) } },
    ]);
    const backends = addresses.map((address) => backendReport('web', address));
    const failing = [backendReport('web', '10.0.0.0:80', refused)];
    const reports = (index: number) => (index === 0 ? { backends } : index < 9 ? { backends: failing } : {});
    const views = fleetViews(
      { state: large, position: { ...large.head, revision: 2, version: 2 }, members: [] },
      ready,
      Array.from({ length: 300 }, (_, index) => proxy(`p${index}`, reports(index), index < 250)),
    );
    const { pool, pools, proxies, connected, behind, problems } = viewOf(views, 'web');
    assert.deepEqual([pool?.backends.rows.length, pool?.backends.more, pool?.up], [500, 100, 600]);
    const [first] = pool?.backends.rows ?? [];
    assert.deepEqual([first?.complaints.length, first?.moreComplaints], [5, 3]);
    assert.equal(pools.rows[0]?.backends, 600);
    assert.deepEqual([proxies.rows.length, proxies.more, connected, behind], [200, 100, 250, 250]);
    assert.deepEqual(problems.counts, { critical: 50, warning: 1, notice: 250 });
    assert.deepEqual([problems.rows.length, problems.more], [30, 271]);
  });

  it('has the problems of the pool that was asked for, whatever else is wrong', () => {
    const down = [backendReport('web', '10.0.0.1:80', refused)];
    const away = Array.from({ length: 40 }, (_, index) => proxy(`away-${index}`, {}, false));
    const { asked, poolProblems, problems } = view([proxy('a', { backends: down }), ...away], 'web');
    assert.equal(asked, 'web');
    assert.deepEqual(
      poolProblems.rows.map(({ what }) => what),
      ['1 of 2 backends of pool web is down: 10.0.0.1:80'],
    );
    assert.ok(problems.rows.every(({ page }) => page === 'proxies'));
  });
});
