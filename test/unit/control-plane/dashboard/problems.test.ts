/** What is wrong with the fleet, in words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fleetViews } from '../../../../control-plane/dashboard/view/fleet-view.ts';
import type { ProxyRecord } from '../../../../control-plane/fleet/proxy-record.ts';
import type { FollowerStatus } from '../../../../control-plane/store/log/log-follower.ts';
import type { State } from '../../../../core/model/state.ts';
import type { StreamReportsRequest__Output } from '../../../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import type { PolicyDraft } from '../../../../core/model/draft.ts';
import {
  applied,
  backendReport,
  poolReport,
  reportedProxy,
} from '../../../../harness/control-plane/reports.ts';
import { stateOf } from '../../../../harness/state.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_700_000_000_000 + 2 * DAY_MS;
const addresses = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];
const fleetState = (
  states: readonly ('active' | 'draining' | 'disabled')[] = ['active', 'active', 'active'],
  policy: Omit<PolicyDraft, 'name'> = {},
) =>
  stateOf([
    { kind: 'policy', value: { name: 'default', ...policy } },
    {
      kind: 'pool',
      value: {
        name: 'web',
        backends: states.map((state, index) => ({ address: addresses[index] ?? '', state })),
      },
    },
    { kind: 'listener', value: { name: 'front', address: '0.0.0.0:80', pool: 'web' } },
  ]);

const proxy = (id: string, fields: Partial<StreamReportsRequest__Output> = {}, connected = true) =>
  reportedProxy(id, { backends: healthy(), ...fields }, connected);

const down = {
  health: 'HEALTH_UNHEALTHY',
  reason: 'connection refused',
  since: { seconds: '60', nanos: 0 },
} as const;
const healthy = (bad: readonly number[] = []) =>
  addresses.map((address, index) => backendReport('web', address, bad.includes(index) ? down : {}));

function problems(
  proxies: readonly ProxyRecord[],
  { state = fleetState(), status = { ready: true } }: { state?: State; status?: FollowerStatus } = {},
) {
  const followed = { state, position: { ...state.head, version: 1 }, members: [] };
  const { groups } = fleetViews(followed, status, proxies, NOW_MS).shared.problems;
  return groups.rows
    .flatMap(({ rows }) => rows)
    .map(({ severity, what, why }) => [severity, what, why.join(' | ')]);
}

describe('the problems', () => {
  it('are none while everything is as it should be', () => {
    assert.deepEqual(problems([proxy('a'), proxy('b')]), []);
  });

  it('say that a backend is down, why, and of which pool', () => {
    const backends = healthy([1]);
    assert.deepEqual(problems([proxy('a', { backends }), proxy('b', { backends })]), [
      ['warning', '1 of 3 backends of pool web is down: 10.0.0.2:80', 'connection refused'],
    ]);
  });

  it('say where, when the proxies do not agree', () => {
    assert.deepEqual(problems([proxy('a', { backends: healthy([1]) }), proxy('b')]), [
      [
        'warning',
        '10.0.0.2:80 of pool web is down on 1 of 2 proxies and up on others',
        'a: connection refused',
      ],
    ]);
  });

  it('say what a pool without a backend that takes connections means to clients', () => {
    const [first] = problems([proxy('a')], { state: fleetState(['draining', 'disabled', 'draining']) });
    assert.deepEqual(first, [
      'critical',
      'Pool web has no backend that takes connections',
      'Of 3 backends: 2 draining, 1 disabled. | New connections to listener front are closed at once.',
    ]);
  });

  for (const [then, words] of [
    ['use_all', 'all of them are used'],
    ['refuse', 'new connections are refused'],
  ] as const) {
    it(`say what is meant when no backend is healthy: ${words}`, () => {
      const state = fleetState(['active', 'active', 'draining'], { whenNoneHealthy: then });
      const [first] = problems([proxy('a', { backends: healthy([0, 1]) })], { state });
      assert.deepEqual(first, [
        'critical',
        `No backend passes the check of pool web: ${words}`,
        'Of 3 backends: 2 down, 1 draining. | connection refused (2)',
      ]);
    });
  }

  it('say at which proxies no backend is healthy, where others find one', () => {
    const none = { backends: healthy([0, 1, 2]), pools: [poolReport('web', { noneHealthy: true })] };
    const found = problems([proxy('a', none), proxy('b', { backends: healthy([1, 2]) })]);
    assert.deepEqual(found, [
      [
        'critical',
        'No backend passes the check of pool web: all of them are used at a',
        'Of 3 backends: 1 partly up, 2 down. | connection refused (3)',
      ],
    ]);
  });

  describe('of a pool that expects one healthy backend', () => {
    const state = fleetState(['active', 'active', 'active'], { expectHealthy: 1, whenNoneHealthy: 'refuse' });
    const CASES: readonly (readonly [down: readonly number[], what: string | undefined])[] = [
      [[1, 2], undefined],
      [[0, 1, 2], 'No backend passes the check of pool web: new connections are refused'],
      [[2], 'Pool web: 2 pass the check, 1 is expected: more than one server may take writes'],
    ];
    for (const [bad, what] of CASES) {
      it(`are ${what ?? 'none when one is'}`, () => {
        const found = problems([proxy('a', { backends: healthy(bad) })], { state });
        assert.deepEqual(
          found.map(([severity, words]) => [severity, words]),
          what === undefined ? [] : [['critical', what]],
        );
      });
    }

    it('take failures for one that differ only in how much the servers have sent', () => {
      const at = (address: string, bytes: number) =>
        backendReport('web', address, {
          health: 'HEALTH_UNHEALTHY',
          reason: `no "role:master" in the first ${bytes} bytes`,
        });
      const backends = addresses.map((address, index) => at(address, 599 + index));
      const [first] = problems([proxy('a', { backends })], { state });
      assert.match(first?.[2] ?? '', /\| no "role:master" in the first 599 bytes \(3\)$/);
    });

    it('count a draining one that passes: it still says that it is the primary', () => {
      const old = fleetState(['draining', 'active', 'active'], { expectHealthy: 1 });
      const found = problems([proxy('a', { backends: healthy([2]) })], { state: old });
      assert.equal(
        found[0]?.[1],
        'Pool web: 2 pass the check, 1 is expected: more than one server may take writes',
      );
    });

    it('wait until all were checked before they say that too few are healthy', () => {
      const two = fleetState(['active', 'active', 'active'], { expectHealthy: 2 });
      const at = (health: 'HEALTH_UNKNOWN' | 'HEALTH_UNHEALTHY') => {
        const last = backendReport('web', addresses[2] ?? '', { health });
        const backends = [...healthy([1]).slice(0, 2), last];
        return problems([proxy('a', { backends })], { state: two }).map(([, what]) => what);
      };
      assert.deepEqual(at('HEALTH_UNKNOWN'), []);
      assert.deepEqual(at('HEALTH_UNHEALTHY'), ['Pool web: 1 passes the check, 2 are expected']);
    });
  });

  it('say which tier serves, above the reasons', () => {
    const pools = [poolReport('web', { servingTier: 1 })];
    const [first] = problems([proxy('a', { backends: healthy([0]), pools })]);
    assert.equal(first?.[2], 'tier 1 serves: nothing of tier 0 is healthy | connection refused');
  });

  it('name a drain that was forgotten for more than a day', () => {
    const state = fleetState(['active', 'draining', 'draining']);
    const drained = (ageMs: number): State => {
      const pool = state.pools.get('web');
      assert.ok(pool);
      const backends = [...pool.backends].map(([address, stored]): [string, typeof stored] => [
        address,
        { ...stored, stateSinceMs: NOW_MS - ageMs },
      ]);
      return { ...state, pools: new Map([['web', { ...pool, backends: new Map(backends) }]]) };
    };
    assert.deepEqual(problems([proxy('a')], { state: drained(DAY_MS - 1) }), []);
    assert.deepEqual(problems([proxy('a')], { state: drained(DAY_MS + 1) })[0]?.slice(0, 2), [
      'warning',
      '2 backends of pool web have been draining for more than a day: 10.0.0.2:80 and 10.0.0.3:80',
    ]);
  });

  it('name a backend that is a listener of the fleet, and does not call a pool of it one in panic', () => {
    const reason = 'leads back to the listener front of this proxy';
    const backends = [backendReport('web', '10.0.0.1:80', { ...down, reason })];
    const found = problems([proxy('a', { backends })], { state: fleetState(['active']) });
    assert.deepEqual(
      found.map(([severity, what]) => [severity, what]),
      [
        ['critical', `10.0.0.1:80 of pool web ${reason}`],
        ['critical', 'Pool web has no backend that takes connections'],
      ],
    );
  });

  it('wait until backends were checked', () => {
    assert.deepEqual(problems([proxy('a', { backends: [] })]), []);
  });

  it('name a listener that does not accept, with the reason of each proxy', () => {
    const failedListeners = [{ listener: 'front', address: '0.0.0.0:80', reason: 'EADDRINUSE: in use' }];
    assert.deepEqual(problems([proxy('a', { applied: applied(1, { failedListeners }) }), proxy('b')]), [
      ['critical', 'Listener front does not accept connections on 1 of 2 proxies', 'a: EADDRINUSE: in use'],
    ]);
  });

  it('name certificates that end soon, have ended or can not be read again', () => {
    const certificate = (name: string, days: number, problem = '') => {
      const seconds = String(Math.floor((NOW_MS + days * DAY_MS) / 1_000));
      return { name, expiresAt: { seconds, nanos: 0 }, problem };
    };
    const withCertificates = (id: string, ...certificates: ReturnType<typeof certificate>[]) =>
      proxy(id, { applied: applied(1, { certificates }) });
    const found = problems([
      withCertificates('a', certificate('www', 9.5), certificate('old', -1), certificate('late', 15)),
      withCertificates(
        'b',
        certificate('www', 80),
        certificate('old', -2),
        certificate('late', 80, 'it has no key'),
      ),
    ]);
    assert.deepEqual(
      found.map(([severity, what]) => [severity, what]),
      [
        ['critical', 'Certificate old on proxy a has expired'],
        ['critical', 'Certificate old on proxy b has expired'],
        ['warning', 'Certificate www on proxy a ends in 9 days'],
        ['warning', "The new file of certificate late on proxy b can't be used: the one before stays in use"],
      ],
    );
    assert.equal(found[3]?.[2], 'it has no key');
  });

  it('name proxies that are disconnected, refused a revision, are on their own or behind: worst first', () => {
    const rejected = { position: applied(2).position, violations: [{ field: 'x', description: 'is wrong' }] };
    const found = problems([
      proxy('gone', {}, false),
      proxy('behind', { applied: applied(0) }),
      proxy('lonely', { applied: applied(1, { stale: true }) }),
      proxy('refuses', { applied: applied(1, { rejected }) }),
    ]);
    assert.deepEqual(
      found.map(([severity, what]) => [severity, what]),
      [
        ['critical', 'Proxy gone is disconnected'],
        ['critical', 'Proxy refuses refused a revision'],
        ['warning', 'Proxy lonely has no control plane to get its configuration from'],
        ['notice', 'Proxy behind is 1 revision behind'],
      ],
    );
    assert.match(found[1]?.[2] ?? '', /revision 2: x is wrong \| It continues to run revision 1\./);
  });

  it('say once that processes share an id, and where each is', () => {
    const one = Object.assign(proxy('a'), { peer: '10.0.0.0' });
    const other = Object.assign(proxy('a'), { peer: '10.0.0.1', sameId: [one] });
    const found = problems([Object.assign(one, { sameId: [other] }), other]);
    assert.deepEqual(
      found.map(([severity]) => severity),
      ['critical'],
    );
    assert.match(found[0]?.[1] ?? '', /^2 processes report as proxy a: from 10\.0\.0\.\d and 10\.0\.0\.\d$/);
  });

  it('say that no proxy is connected, once, rather than that each backend is unseen', () => {
    assert.deepEqual(
      problems([]).map(([severity, what]) => [severity, what]),
      [['critical', 'No proxy is connected']],
    );
  });

  it('say that the store is away, and what that means', () => {
    const [first] = problems([proxy('a')], { status: { ready: false, reason: 'etcd does not answer' } });
    assert.equal(first?.[0], 'critical');
    assert.match(first?.[2] ?? '', /etcd does not answer \| Traffic continues/);
  });
});
