/** How far a fleet is on its way to a revision. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convergence } from '../../../../control-plane/fleet/convergence.ts';
import { type ProxyRecord, ReportedProxy } from '../../../../control-plane/fleet/proxy-record.ts';
import type { AppliedSnapshot__Output } from '../../../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import { applied, proxyInfo, report } from '../../../../harness/control-plane/reports.ts';

function proxy(id: string, runs: AppliedSnapshot__Output | null, connected = true): ProxyRecord {
  const made = new ReportedProxy(proxyInfo(id), 0);
  made.apply(report({ applied: runs }), 1_700_000_000_000);
  made.connected = connected;
  return made;
}

const failed = { failedListeners: [{ listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE: taken' }] };
const position = (revision: number) => applied(revision).position;
const rejected = (revision: number) => ({
  rejected: {
    position: position(revision),
    violations: [
      { field: 'pools[web]', description: 'is odd' },
      { field: '', description: 'too large' },
    ],
  },
});

const CASES = [
  { name: 'an empty roster has converged', roster: [], is: 'CONVERGED', settled: true, states: [] },
  {
    name: 'all run it or more',
    roster: [proxy('a', applied(5)), proxy('b', applied(9))],
    is: 'CONVERGED',
    settled: true,
    states: ['APPLIED', 'APPLIED'],
  },
  {
    name: 'one is not there yet',
    roster: [proxy('a', applied(5)), proxy('b', applied(4))],
    is: 'PENDING',
    settled: false,
    states: ['APPLIED', 'LAGGING'],
  },
  {
    name: 'one runs nothing',
    roster: [proxy('a', null)],
    is: 'PENDING',
    settled: false,
    states: ['LAGGING'],
  },
  {
    name: 'one is away, though it ran it',
    roster: [proxy('a', applied(5), false)],
    is: 'PENDING',
    settled: false,
    states: ['DISCONNECTED'],
  },
  {
    name: 'one cannot bind an address',
    roster: [proxy('a', applied(5, failed)), proxy('b', applied(5))],
    is: 'REJECTED',
    settled: true,
    states: ['REJECTED', 'APPLIED'],
  },
  {
    name: 'one refused, and another is still on its way',
    roster: [proxy('a', applied(4, rejected(5))), proxy('b', applied(4))],
    is: 'PENDING',
    settled: false,
    states: ['REJECTED', 'LAGGING'],
  },
  {
    name: 'one refused, and another is away: nobody waits for that one to exit',
    roster: [proxy('a', applied(4, rejected(5))), proxy('b', applied(4), false)],
    is: 'REJECTED',
    settled: true,
    states: ['REJECTED', 'DISCONNECTED'],
  },
  {
    name: 'one refused an earlier revision',
    roster: [proxy('a', applied(3, rejected(4)))],
    is: 'PENDING',
    settled: false,
    states: ['LAGGING'],
  },
  {
    name: 'one refused a later one that contains it',
    roster: [proxy('a', applied(4, rejected(7)))],
    is: 'REJECTED',
    settled: true,
    states: ['REJECTED'],
  },
  {
    name: 'one has a failed listener of an earlier revision only',
    roster: [proxy('a', applied(4, failed))],
    is: 'PENDING',
    settled: false,
    states: ['LAGGING'],
  },
  {
    name: 'one runs another store',
    roster: [
      proxy(
        'a',
        applied(9, { position: { storeId: 'x', version: '9', revision: '9', hash: 'h', replaces: [] } }),
      ),
    ],
    is: 'PENDING',
    settled: false,
    states: ['LAGGING'],
  },
] as const;

describe('convergence on revision 5', () => {
  for (const { name, roster, is, settled, states } of CASES) {
    it(name, () => {
      const { response, settled: done } = convergence(roster, 'store', 5);
      assert.equal(response.outcome, `OUTCOME_${is}`);
      assert.equal(done, settled);
      assert.deepEqual(
        response.proxies?.map(({ state }) => state),
        states.map((state) => `STATE_${state}`),
      );
    });
  }

  for (const [why, record, reason] of [
    ['a listener failed', proxy('a', applied(5, failed)), 'listener web: 0.0.0.0:80: EADDRINUSE: taken'],
    [
      'a revision was refused',
      proxy('a', applied(4, rejected(5))),
      'refused revision 5: pools[web] is odd; too large',
    ],
    ['a proxy is disconnected', proxy('a', null, false), 'last seen 2023-11-14T22:13:20.000Z'],
  ] as const) {
    it(`gives the reason when ${why}`, () => {
      assert.equal(convergence([record], 'store', 5).response.proxies?.[0]?.reason, reason);
    });
  }

  it('says since when a proxy lags: since the first commit that it does not run was made', () => {
    const committedMs = (revision: number) => (revision === 3 ? 1_700_000_003_000 : undefined);
    const roster = [
      proxy('a', applied(2)),
      proxy('b', applied(3)),
      proxy('c', null),
      proxy('d', null, false),
    ];
    const { response } = convergence(roster, 'store', 5, { committedMs });
    assert.deepEqual(
      response.proxies?.map(({ proxyId, since }) => [proxyId, since?.seconds]),
      [
        ['a', '1700000003'],
        // Of a commit that is not known any more.
        ['b', undefined],
        // Since it connected.
        ['c', '0'],
        ['d', '1700000000'],
      ],
    );
  });
});
