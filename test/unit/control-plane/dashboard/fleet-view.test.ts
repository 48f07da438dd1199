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
import type { Plain } from '../../../../core/view/plain.ts';
import { stateOf } from '../../../../harness/state.ts';

const state = stateOf([
  {
    kind: 'pool',
    value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 3 }, { address: '10.0.0.2:80' }] },
  },
  { kind: 'pool', value: { name: 'api', backends: [] } },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web', deny: ['192.0.2.0/24'] } },
  { kind: 'policy', value: { name: 'unchecked', healthCheck: { type: 'none' } } },
]);
const followed = { state, position: { ...state.head, version: 1 }, members: [] };
const ready = { ready: true } as const;
const NOW_MS = 1_700_000_100_000;

const refused = {
  health: 'HEALTH_UNHEALTHY',
  reason: 'connection refused',
  since: { seconds: '100', nanos: 0 },
} as const;

const viewOf = (views: FleetViews, page: string) => ({ ...views.shared, ...views.of(page) });

/** The pool that a view is about. */
function poolIn({ subject }: ReturnType<typeof viewOf>) {
  assert.ok(subject !== null && 'policyUsers' in subject);
  return subject;
}

function view(proxies: readonly ProxyRecord[], page = '') {
  return viewOf(fleetViews(followed, ready, proxies, NOW_MS), page);
}

describe('the view of the fleet', () => {
  it('has nothing but the reason before the store was read', () => {
    const { revision, problems, pools, subject } = viewOf(
      fleetViews(null, { ready: false, reason: 'no answer' }, [], NOW_MS),
      'pools/web',
    );
    const why = problems.groups.rows[0]?.rows[0]?.why[0];
    assert.deepEqual([revision, why, pools.rows, subject], [null, 'no answer', [], null]);
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

  const check = (type: string) => ({
    type,
    interval: '5s',
    timeout: '2s',
    healthy_threshold: 2,
    unhealthy_threshold: 3,
  });

  it('shows policies as manifests have them, and listeners with what keeps them from accepting', () => {
    const { policies, listeners } = view([
      proxy('a', { listeners: [listenerReport('web', { connectionsActive: 7 })] }),
      ...['b', 'c'].map((id) =>
        proxy(id, {
          applied: applied(1, {
            failedListeners: [{ listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' }],
          }),
        }),
      ),
    ]);
    assert.deepEqual(
      policies.rows.map((policy) => [policy.name, policy.users, (policy as Plain)['health_check']]),
      [
        ['default', 2, check('tcp')],
        ['unchecked', 0, check('none')],
      ],
    );
    const failures = { rows: ['b: EADDRINUSE'], more: 1 };
    assert.deepEqual([listeners.rows[0]?.connections, listeners.rows[0]?.failures], [7, failures]);
  });

  it('shows the backends of the pool that was asked for, and why each is as it is', () => {
    const backends = [backendReport('web', '10.0.0.1:80', { ...refused, connectionsActive: 2 })];
    const shown = view(
      [
        proxy('a', { backends }),
        proxy('b', { backends: [backendReport('web', '10.0.0.1:80')] }),
        proxy('gone', { backends }, false),
      ],
      'pools/web',
    );
    const [first, second] = poolIn(shown).backends.rows;
    assert.deepEqual([first?.availability, first?.weight, first?.connections], ['partly up', 3, 2]);
    assert.deepEqual(first?.complaints, [
      { proxy: 'a', health: 'unhealthy', reason: 'connection refused', sinceMs: 100_000 },
    ]);
    assert.equal(second?.availability, 'unseen');
    assert.equal(second?.connections, null);
    assert.equal(view([], 'pools/nothing').subject, null);
  });

  it('counts a health that this program does not know as unknown', () => {
    const backends = [backendReport('web', '10.0.0.1:80', { health: 9 as never })];
    const { backends: rows } = poolIn(view([proxy('a', { backends })], 'pools/web'));
    assert.equal(rows.rows[0]?.availability, 'not checked yet');
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
      Array.from({ length: 2_100 }, (_, index) => proxy(`p${index}`, reports(index), index < 250)),
      NOW_MS,
    );
    const view = viewOf(views, 'pools/web');
    const { pools, proxies, connected, behind, problems } = view;
    const pool = poolIn(view);
    assert.deepEqual([pool.backends.rows.length, pool.backends.more, pool.up], [500, 100, 600]);
    const [first] = pool.backends.rows;
    assert.deepEqual([first?.complaints.length, first?.moreComplaints], [5, 3]);
    assert.equal(pools.rows[0]?.backends, 600);
    assert.deepEqual([proxies.rows.length, proxies.more, connected, behind], [2_000, 100, 250, 250]);
    assert.deepEqual(problems.counts, { critical: 1_850, warning: 1, notice: 250 });
    const groups = problems.groups.rows.map(({ count, cause, rows, more }) => [
      count,
      cause,
      rows.length,
      more,
    ]);
    assert.deepEqual(groups, [
      [1_850, 'proxies are disconnected', 50, 1_800],
      [1, 'backends are down on some proxies and up on others', 1, 0],
      [250, 'proxies are behind', 50, 200],
    ]);
  });

  it('has the problems of the page that was asked for, whatever else is wrong', () => {
    const down = [backendReport('web', '10.0.0.1:80', refused)];
    const away = Array.from({ length: 40 }, (_, index) => proxy(`away-${index}`, {}, false));
    const shown = view([proxy('a', { backends: down }), ...away], 'pools/web');
    assert.equal(shown.asked, 'pools/web');
    assert.deepEqual(
      shown.pageProblems.groups.rows.map(({ cause, count }) => [cause, count]),
      [['pools have backends that are down: connection refused', 1]],
    );
    const one = view([proxy('a', { backends: down }), ...away], 'proxies/away-7').pageProblems;
    assert.deepEqual(
      one.groups.rows.flatMap(({ rows }) => rows.map(({ what }) => what)),
      ['Proxy away-7 is disconnected'],
    );
  });

  it('has how each proxy serves a listener, and what a proxy does not find healthy', () => {
    const proxies = [
      proxy('a', {
        listeners: [listenerReport('web', { connectionsActive: 3 })],
        backends: [backendReport('web', '10.0.0.1:80', refused)],
      }),
      proxy('gone', { listeners: [listenerReport('web', { connectionsActive: 9 })] }, false),
      proxy('b', {
        listeners: [listenerReport('web')],
        applied: applied(1, {
          failedListeners: [{ listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' }],
        }),
      }),
    ];
    const listener = view(proxies, 'listeners/web').subject;
    assert.ok(listener !== null && 'proxies' in listener);
    assert.deepEqual(
      listener.proxies.map(({ id, connections, failure }) => [id, connections, failure]),
      [
        ['a', 3, ''],
        ['gone', null, ''],
        ['b', 0, 'EADDRINUSE'],
      ],
    );
    assert.ok('fields' in listener);
    assert.deepEqual(listener.fields, [['deny', '192.0.2.0/24']]);
    const failing = view(proxies, 'proxies/b').subject;
    assert.ok(failing !== null && 'complaints' in failing);
    assert.deepEqual(
      failing.listeners.map(({ name, failure }) => [name, failure]),
      [['web', 'EADDRINUSE']],
    );
    const one = view(proxies, 'proxies/a').subject;
    assert.ok(one !== null && 'complaints' in one);
    assert.deepEqual(
      one.complaints.rows.map(({ pool, address, reason }) => [pool, address, reason]),
      [['web', '10.0.0.1:80', 'connection refused']],
    );
  });
});
