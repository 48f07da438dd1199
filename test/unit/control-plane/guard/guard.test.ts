import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FleetFacts, fleetFacts } from '../../../../control-plane/guard/fleet-facts.ts';
import { guard } from '../../../../control-plane/guard/guard.ts';
import { activeIn } from '../../../../control-plane/store/log/active-backend-history.ts';
import { Fleet } from '../../../../control-plane/fleet/fleet.ts';
import { applyResources } from '../../../../core/model/edits/apply.ts';
import { removeBackends, updateBackend } from '../../../../core/model/edits/backend.ts';
import type { ListenerDraft } from '../../../../core/model/draft.ts';
import type { Edit } from '../../../../core/model/edits/edit.ts';
import type { State } from '../../../../core/model/state.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import {
  NOBODY,
  applied,
  backendReport,
  proxyInfo,
  report,
  listenerReport,
} from '../../../../harness/control-plane/reports.ts';
import { after, stateOf } from '../../../../harness/state.ts';

const ADDRESSES = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80', '10.0.0.4:80'] as const;
const [A, B, C, D] = ADDRESSES;

const pool = (name: string, addresses: readonly string[]) =>
  ({ kind: 'pool', value: { name, backends: addresses.map((address) => ({ address })) } }) as const;
const listener = (name: string, of: string, port = 8080) =>
  ({ kind: 'listener', value: { name, address: `0.0.0.0:${port}`, pool: of } }) as const;

const WEB = stateOf([pool('web', ADDRESSES), pool('green', ['10.0.1.1:80']), listener('web', 'web')]);

interface Reported {
  readonly healthy?: readonly string[];
  readonly unknown?: readonly string[];
  readonly open?: number;
}

/** What proxies report, through the real fleet. */
function fleetOf(proxies: readonly Reported[], graceMs = 0): FleetFacts {
  const fleet = new Fleet(new FakeClock(), graceMs);
  for (const [index, { healthy = [], unknown = [], open = 0 }] of proxies.entries()) {
    const session = fleet.connect(proxyInfo(`p${index}`), NOBODY);
    session.report(
      report({
        applied: applied(1),
        backends: [...ADDRESSES, '10.0.9.9:80'].map((address) =>
          backendReport('web', address, {
            health: healthOf(address, healthy, unknown),
          }),
        ),
        listeners: [listenerReport('web', { connectionsActive: open })],
      }),
    );
  }
  return fleetFacts(fleet);
}

function healthOf(address: string, healthy: readonly string[], unknown: readonly string[]) {
  if (healthy.includes(address)) return 'HEALTH_HEALTHY';
  return unknown.includes(address) ? 'HEALTH_UNKNOWN' : 'HEALTH_UNHEALTHY';
}

const ALL_WELL = fleetOf([{ healthy: ADDRESSES }]);

function verdict(
  edit: Edit,
  given: { before?: State; earlier?: State; complete?: boolean; fleet?: FleetFacts } = {},
) {
  const { before = WEB, fleet = ALL_WELL, complete = true } = given;
  const state = given.earlier ?? before;
  const recentMost = (pool: string) => ({ active: activeIn(state.pools.get(pool)), complete });
  return guard({ before, after: after(before, edit), recentMost, fleet });
}

const said = (edit: Edit, given: Parameters<typeof verdict>[1] = {}) =>
  verdict(edit, given).violations.map(({ field, description }) => `${field} ${description}`);

describe('the guard, on less than half of the most active backends of ten minutes', () => {
  const LESS = 'pools[web] would have 1 active backend, less than half (it has 4 now)';

  for (const [how, edit] of [
    ['removal', removeBackends('web', [A, B, C])],
    ['an apply', applyResources([pool('web', [D])], { prune: false })],
    [
      'drain, disable and weight 0',
      applyResources(
        [
          {
            kind: 'pool',
            value: {
              name: 'web',
              backends: [
                { address: A, state: 'draining' },
                { address: B, state: 'disabled' },
                { address: C, weight: 0 },
                { address: D },
              ],
            },
          },
        ],
        { prune: false },
      ),
    ],
  ] as const) {
    it(`refuses ${how} alike, with the numbers`, () => assert.deepEqual(said(edit), [LESS]));
  }

  it('allows exactly half to go, and not one more', () => {
    assert.deepEqual(said(removeBackends('web', [A, B])), []);
    const five = stateOf([pool('web', [...ADDRESSES, '10.0.0.5:80'])]);
    assert.equal(said(removeBackends('web', [A, B, C]), { before: five }).length, 1);
  });

  it('adds small steps up', () => {
    const two = after(WEB, removeBackends('web', [A, B]));
    assert.deepEqual(said(removeBackends('web', [C]), { before: two, earlier: WEB }), [
      'pools[web] would have 1 active backend, less than half (it has 2 now, and had 4 in the last ten minutes)',
    ]);
    assert.deepEqual(said(removeBackends('web', [C]), { before: two, earlier: two }), []);
  });

  it('notes that it does not know all of that time', () => {
    const two = after(WEB, removeBackends('web', [A, B]));
    const found = verdict(removeBackends('web', [C]), { before: two, earlier: WEB, complete: false });
    assert.equal(found.violations.length, 1);
    assert.match(found.notes.join(), /could not look back ten minutes/);
    assert.deepEqual(verdict(updateBackend('web', { address: A, weight: 9 }), { complete: false }).notes, []);
  });

  it('refuses no change that makes nothing worse', () => {
    const one = after(WEB, removeBackends('web', [A, B, C]));
    assert.deepEqual(
      said(updateBackend('web', { address: D, weight: 5 }), { before: one, earlier: WEB }),
      [],
    );
  });
});

describe('the guard, on the last healthy backend', () => {
  const fleet = fleetOf([{ healthy: [A] }, { healthy: [A, B] }]);

  it('refuses to remove it, whichever proxy finds it healthy', () => {
    assert.deepEqual(said(removeBackends('web', [A, B]), { fleet }), [
      'pools[web] would have no backend that any proxy finds healthy; now 10.0.0.1:80, 10.0.0.2:80 are healthy',
    ]);
    assert.deepEqual(said(removeBackends('web', [A]), { fleet }), []);
  });

  it('refuses nothing if none was healthy before, so that a broken pool can be fixed', () => {
    assert.deepEqual(said(removeBackends('web', [A, B]), { fleet: fleetOf([{}]) }), []);
  });

  it('refuses to replace all by new ones that nobody has checked yet', () => {
    const edit = applyResources([pool('web', ['10.0.0.5:80', '10.0.0.6:80'])], { prune: false });
    assert.equal(said(edit, { fleet }).length, 1);
  });

  it('refuses to move a listener to a pool without one, but not from a pool without one', () => {
    const edit = applyResources([listener('web', 'green')], { prune: false });
    assert.deepEqual(said(edit), [
      'listeners[web].pool would be "green", in which no proxy finds a healthy backend; "web" has one',
    ]);
    assert.deepEqual(said(edit, { fleet: fleetOf([{}]) }), []);
  });

  it('may pass in a moment only while a backend that stays is still unknown', () => {
    const both = after(WEB, removeBackends('web', [C, D]));
    const early = fleetOf([{ healthy: [A], unknown: [B] }]);
    assert.equal(verdict(removeBackends('web', [A]), { before: both, fleet: early }).mayPass, true);
    const known = fleetOf([{ healthy: [A] }]);
    assert.equal(verdict(removeBackends('web', [A]), { before: both, fleet: known }).mayPass, false);
    const swap = applyResources([pool('web', ['10.0.0.5:80', '10.0.0.6:80'])], { prune: false });
    assert.equal(verdict(swap, { before: both, fleet: early }).mayPass, false);
    assert.equal(verdict(removeBackends('web', [B]), { before: both, fleet: early }).mayPass, false);
  });

  it('notes that it could not check when this replica has just started', () => {
    const early = fleetOf([], 5_000);
    assert.deepEqual(said(removeBackends('web', [A]), { fleet: early }), []);
    assert.equal(verdict(removeBackends('web', [A]), { fleet: early }).notes.length, 1);
    assert.deepEqual(verdict(updateBackend('web', { address: A, weight: 9 }), { fleet: early }).notes, []);
    assert.deepEqual(verdict(removeBackends('web', [A]), { fleet: fleetOf([]) }).notes, []);
  });
});

describe('the guard, on routes', () => {
  const routed = (routes: ListenerDraft['routes'], to = 'web') =>
    ({
      kind: 'listener',
      value: { name: 'web', address: '0.0.0.0:8080', pool: to, routes: routes ?? [] },
    }) as const;
  const A_TO_WEB = { serverNames: ['a.example.com', 'b.example.com'], pool: 'web' };
  const before = stateOf([
    pool('web', ADDRESSES),
    pool('green', ['10.0.1.1:80']),
    routed([A_TO_WEB, { serverNames: ['*.c.example.com'], pool: 'web' }], ''),
  ]);
  const C_TO_WEB = { serverNames: ['*.c.example.com'], pool: 'web' };
  const cases: readonly (readonly [what: string, after: ReturnType<typeof routed>, ...said: string[]])[] = [
    [
      'a route that gets more names',
      routed([{ ...A_TO_WEB, serverNames: [...A_TO_WEB.serverNames, 'x'] }, C_TO_WEB], ''),
    ],
    ['a default pool', routed([A_TO_WEB, C_TO_WEB], 'green')],
    [
      'names that a wildcard takes over',
      routed([C_TO_WEB, { serverNames: ['*.example.com'], pool: 'web' }], ''),
    ],
    ['a name that the default pool takes over', routed([C_TO_WEB], 'web')],
    [
      'a route to another pool',
      routed([{ ...A_TO_WEB, pool: 'green' }, C_TO_WEB], ''),
      'listeners[web].routes would lead "b.example.com" to "green", in which no proxy finds a healthy backend; "web" has one',
    ],
    [
      'a route that is gone',
      routed([A_TO_WEB], ''),
      'listeners[web].routes would lead "*.c.example.com" to no pool, so connections are refused; "web" has a healthy backend',
    ],
    [
      'a longer wildcard before the one there is',
      routed([A_TO_WEB, C_TO_WEB, { serverNames: ['*.x.c.example.com'], pool: 'green' }], ''),
    ],
  ];
  for (const [what, next, ...expected] of cases) {
    it(`${expected.length > 0 ? 'refuses' : 'allows'} ${what}`, () => {
      assert.deepEqual(said(applyResources([next], { prune: false }), { before }), expected);
    });
  }
});

describe('the guard, on listeners', () => {
  const prune = applyResources([pool('web', ADDRESSES)], { prune: true });

  it('refuses to delete one with open connections, prune included', () => {
    assert.deepEqual(said(prune, { fleet: fleetOf([{ open: 3 }, { open: 4 }, {}]) }), [
      'listeners[web] has 7 open connections on 2 proxies',
    ]);
  });

  it('allows the deletion of one without connections', () => assert.deepEqual(said(prune), []));

  it('refuses to move one to another address, as it does to delete it', () => {
    const move = applyResources([listener('web', 'web', 9090)], { prune: false });
    assert.deepEqual(said(move, { fleet: fleetOf([{ open: 1 }, {}]) }), [
      'listeners[web].address would be 0.0.0.0:9090: 0.0.0.0:8080 has 1 open connection on 1 proxy',
    ]);
    assert.deepEqual(said(move, { fleet: fleetOf([{ healthy: ADDRESSES }]) }), []);
    assert.equal(verdict(move, { fleet: fleetOf([], 5_000) }).notes.length, 1);
  });
});

it('the guard looks up only the backends of changed pools, and never scans all reports', () => {
  const fleet = new Fleet(new FakeClock(), 0);
  const session = fleet.connect(proxyInfo('p'), NOBODY);
  session.report(
    report({ applied: applied(1), backends: ADDRESSES.map((each) => backendReport('web', each)) }),
  );
  const backends = fleet.list()[0]?.backends ?? assert.fail();
  let asked = 0;
  const get = backends.get.bind(backends);
  Object.assign(backends, {
    get: (key: string) => {
      asked += 1;
      return get(key);
    },
    [Symbol.iterator]: () => assert.fail('went through all reports'),
  });
  assert.deepEqual(said(removeBackends('web', [A, B]), { fleet: fleetFacts(fleet) }), []);
  assert.equal(asked, 1);
});

it('the guard reports all its reasons at once', () => {
  const edit = applyResources([pool('web', ['10.0.0.9:80'])], { prune: true });
  const found = said(edit, { fleet: fleetOf([{ healthy: ADDRESSES, open: 1 }]) });
  assert.deepEqual(
    found.map((text) => text.split(' ')[0]),
    ['pools[web]', 'pools[web]', 'listeners[web]'],
  );
});
