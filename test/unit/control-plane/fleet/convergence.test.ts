/** How far a fleet is on its way to a revision. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convergence } from '../../../../control-plane/fleet/convergence.ts';
import type { AppliedSnapshot__Output } from '../../../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import { applied, proxyInfo, reportedProxy } from '../../../../harness/control-plane/reports.ts';

const proxy = (id: string, runs: AppliedSnapshot__Output | null, connected = true) =>
  reportedProxy(id, { applied: runs }, connected);

/** A proxy whose id another process uses, too. */
const sharing = (id: string, runs: AppliedSnapshot__Output) => ({
  ...proxy(id, runs),
  sameId: [{ info: proxyInfo(id, 'other'), peer: '10.0.0.9:4711' }],
});

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

const elsewhere = { storeId: 'x', version: '9', revision: '9', hash: 'h', replaces: [] };

/** The roster, the outcome, whether it is final, and the state of each proxy. */
const CASES = [
  ['an empty roster has converged', [], 'CONVERGED', true, []],
  [
    'all run it or more',
    [proxy('a', applied(5)), proxy('b', applied(9))],
    'CONVERGED',
    true,
    ['APPLIED', 'APPLIED'],
  ],
  [
    'two processes share an id, although both run it',
    [sharing('a', applied(5)), sharing('a', applied(5))],
    'PENDING',
    false,
    ['LAGGING', 'LAGGING'],
  ],
  [
    'one is not there yet',
    [proxy('a', applied(5)), proxy('b', applied(4))],
    'PENDING',
    false,
    ['APPLIED', 'LAGGING'],
  ],
  ['one runs nothing', [proxy('a', null)], 'PENDING', false, ['LAGGING']],
  ['one is away, though it ran it', [proxy('a', applied(5), false)], 'PENDING', false, ['DISCONNECTED']],
  [
    'one cannot bind an address',
    [proxy('a', applied(5, failed)), proxy('b', applied(5))],
    'REJECTED',
    true,
    ['REJECTED', 'APPLIED'],
  ],
  [
    'one refused, and another is still on its way',
    [proxy('a', applied(4, rejected(5))), proxy('b', applied(4))],
    'PENDING',
    false,
    ['REJECTED', 'LAGGING'],
  ],
  [
    'one refused, and another is away: nobody waits for that one',
    [proxy('a', applied(4, rejected(5))), proxy('b', applied(4), false)],
    'REJECTED',
    true,
    ['REJECTED', 'DISCONNECTED'],
  ],
  ['one refused an earlier revision', [proxy('a', applied(3, rejected(4)))], 'PENDING', false, ['LAGGING']],
  [
    'one refused a later one that contains it',
    [proxy('a', applied(4, rejected(7)))],
    'REJECTED',
    true,
    ['REJECTED'],
  ],
  [
    'one has a failed listener of an earlier revision only',
    [proxy('a', applied(4, failed))],
    'PENDING',
    false,
    ['LAGGING'],
  ],
  [
    'one runs another store',
    [proxy('a', applied(9, { position: elsewhere }))],
    'PENDING',
    false,
    ['LAGGING'],
  ],
] as const;

describe('convergence on revision 5', () => {
  for (const [name, roster, is, settled, states] of CASES) {
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
      'refused revision 5: pools[web]: is odd; too large',
    ],
    ['a proxy is disconnected', proxy('a', null, false), 'last seen 2023-11-14T22:13:20.000Z'],
  ] as const) {
    it(`gives the reason when ${why}`, () => {
      assert.equal(convergence([record], 'store', 5).response.proxies?.[0]?.reason, reason);
    });
  }

  it('says since when a proxy lags: since the first commit that it does not run', () => {
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
