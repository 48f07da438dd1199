/** Which backends lead back to a listener, and why each does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Planner } from '../../../../harness/worker/planner.ts';
import { backend, listener, pool } from '../../../../harness/snapshots.ts';
import { localRoutes, ownIps } from '../../../../data-plane/host/own-addresses.ts';
import { planDifference } from '../../../../data-plane/plan/plan-difference.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { ProxyWhereabouts } from '../../../../data-plane/whereabouts.ts';

const HERE = ['10.0.0.1', '2001:db8::1', '10.9.0.0/16'];
const THERE = '10.0.0.2:80';
/** A listener whose port another program has, here but not at another proxy that has the same address. */
const UNBOUND = '0.0.0.0:99';

/** By backend: why it leads back. */
function leadingBack(listeners: readonly string[], backends: readonly string[]) {
  const names = new Set([...listeners, ...backends].map((each) => each.split(' ')[0]!));
  const planner = new Planner();
  const fleet = new Set([THERE, '10.0.0.1:99']);
  planner.whereabouts = { isOwn: ownIps(HERE), fleet, unbound: new Set([UNBOUND]) };
  const split = (text: string) => text.split(' ') as [string, string];
  const built = planner.build(
    ...[...names].map((name) => pool(name)),
    ...listeners.map(split).map(([to, address]) => listener(`to-${to}`, address, to)),
    ...backends.map(split).map(([of, address]) => backend(of, address)),
  );
  const { pools } = built.directory;
  return pools
    .flatMap(({ backends }) => backends)
    .flatMap(({ address, leadsBack }) => (leadsBack === null ? [] : [`${address} ${leadsBack}`]));
}

const ITSELF = 'leads back to the listener to-a of this proxy';

describe('backends that lead back', () => {
  for (const [what, listeners, backends, expected] of [
    ['an own address under a wildcard', ['a 0.0.0.0:80'], ['a 10.0.0.1:80'], [`10.0.0.1:80 ${ITSELF}`]],
    ['the address of the listener', ['a 10.0.0.1:80'], ['a 10.0.0.1:80'], [`10.0.0.1:80 ${ITSELF}`]],
    ['any loopback address', ['a 0.0.0.0:80'], ['a 127.8.9.1:80'], [`127.8.9.1:80 ${ITSELF}`]],
    ['a local route', ['a 0.0.0.0:80'], ['a 10.9.200.7:80'], [`10.9.200.7:80 ${ITSELF}`]],
    ['IPv6', ['a [::]:80'], ['a [2001:db8::1]:80'], [`[2001:db8::1]:80 ${ITSELF}`]],
    ['IPv4 under the wildcard of IPv6', ['a [::]:80'], ['a 10.0.0.1:80'], [`10.0.0.1:80 ${ITSELF}`]],
    ['IPv4 in IPv6', ['a [::ffff:10.0.0.1]:80'], ['a [::ffff:10.0.0.1]:80'], [`10.0.0.1:80 ${ITSELF}`]],
    [
      'another proxy',
      ['a 0.0.0.0:80'],
      [`a ${THERE}`],
      [`${THERE} leads back to the listener to-a of another proxy of the fleet`],
    ],
    ['a range that holds the port', ['a 0.0.0.0:75-85'], ['a 10.0.0.1:80'], [`10.0.0.1:80 ${ITSELF}`]],
    ['a range that does not', ['a 0.0.0.0:81-85'], ['a 10.0.0.1:80'], []],
    ['the port that the client asked for', ['a 0.0.0.0:80-85'], ['a 127.0.0.1'], [`127.0.0.1 ${ITSELF}`]],
    ['that port, of another host', ['a 0.0.0.0:80-85'], ['a 10.0.0.3'], []],
    ['that port, which is of no listener there', ['a 127.0.0.1:80'], ['a 10.0.0.1'], []],
    [
      'that port, of a listener over another range',
      ['a 127.0.0.1:80-85', 'b 10.0.0.1:85-90'],
      ['a 10.0.0.1', 'b 127.0.0.1'],
      ['10.0.0.1 leads back to the listener to-b of this proxy', `127.0.0.1 ${ITSELF}`],
    ],
    ['another port of this host', ['a 0.0.0.0:80'], ['a 10.0.0.1:81'], []],
    ['another address than that of the listener', ['a 127.0.0.1:80'], ['a 10.0.0.1:80'], []],
    ['a server that has the port of a listener', [`a ${UNBOUND}`], ['a 10.0.0.1:99'], []],
    ['another host', ['a 0.0.0.0:80'], ['a 10.0.0.3:80'], []],
    ['a chain of two listeners', ['a 0.0.0.0:80', 'b 0.0.0.0:81'], ['a 10.0.0.1:81', 'b 10.0.0.3:81'], []],
    [
      'a circle of two listeners',
      ['a 0.0.0.0:80', 'b 0.0.0.0:81', 'c 0.0.0.0:82'],
      ['a 10.0.0.1:81', 'a 10.0.0.3:81', 'b 127.0.0.1:80', 'b 10.0.0.3:80', 'c 10.0.0.1:80'],
      ['10.0.0.1:81 leads back to the listener to-b of this proxy', `127.0.0.1:80 ${ITSELF}`],
    ],
    [
      'a circle of three over another proxy',
      ['a 0.0.0.0:80', 'b 0.0.0.0:81'],
      ['a 10.0.0.1:81', `b ${THERE}`],
      [
        '10.0.0.1:81 leads back to the listener to-b of this proxy',
        `${THERE} leads back to the listener to-a of another proxy of the fleet`,
      ],
    ],
  ] as const) {
    it(`are found, or not: ${what}`, () => assert.deepEqual(leadingBack(listeners, backends), expected));
  }

  it('have weight 0, are told to the control planes, and lose their connections when they are found', () => {
    const planner = new Planner();
    const resources = [pool('a'), listener('l', '0.0.0.0:80', 'a'), backend('a', '10.0.0.1:80')];
    const before = planner.build(...resources);
    planner.whereabouts = { isOwn: ownIps(HERE), fleet: new Set(), unbound: new Set() };
    const now = planner.build(...resources);
    assert.deepEqual([...(now.plan.pools[0]?.weights ?? [])], [0]);
    assert.deepEqual([before.directory.ownBackends, now.directory.ownBackends], [[], ['10.0.0.1:80']]);
    const [retired] = planDifference(before, now).retired;
    assert.equal(retired?.backend.address, '10.0.0.1:80');
    assert.equal(retired.drainTimeoutMs, 1);
    assert.equal(planDifference(now, before).activated.length, 1);
  });
});

describe('the addresses of this host', () => {
  it('include every local route of the kernel’s own tables, and no other', () => {
    const text = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 10.0.0.0
        /24 link UNICAST
     |-- 10.0.0.1
        /32 host LOCAL
     |-- 10.0.0.255
        /32 link BROADCAST
     |-- 10.9.0.0
        /16 host LOCAL
        /24 link UNICAST
Id 100:
  |-- 0.0.0.0
     /0 host LOCAL
Local:
  |-- 10.0.1.1
     /32 host LOCAL`;
    assert.deepEqual(localRoutes(text), ['10.0.0.1', '10.9.0.0/16', '10.0.1.1']);
  });
});

describe('what control planes say of other proxies', () => {
  it('counts as long as any of them says so, outlives their silence, and ends after a while', () => {
    const clock = new FakeClock();
    let host: string[] | null = ['10.0.0.1'];
    const whereabouts = new ProxyWhereabouts(clock, () => host);
    const heard = (from: string, backends: string[] | null) => {
      whereabouts.heard(from, backends);
      return [whereabouts.refresh(), [...whereabouts.fleet].join()];
    };
    assert.deepEqual(heard('one', [THERE]), [true, THERE]);
    assert.deepEqual(heard('two', []), [false, THERE]);
    clock.advance(60_000);
    assert.deepEqual(heard('two', null), [false, THERE]);
    clock.advance(60_000);
    assert.deepEqual(heard('one', null), [false, THERE], 'none of them speaks');
    clock.advance(60_000);
    whereabouts.refresh();
    assert.deepEqual(heard('one', []), [false, THERE], 'it may have been restarted');
    clock.advance(31_000);
    assert.equal(whereabouts.refresh(), true);
    assert.equal(whereabouts.fleet.size, 0);
    host = ['10.0.0.1', '10.0.0.9'];
    assert.equal(whereabouts.isOwn(Uint8Array.of(10, 0, 0, 9)), false);
    assert.equal(whereabouts.refresh(), true);
    assert.equal(whereabouts.isOwn(Uint8Array.of(10, 0, 0, 9)), true);
    host = null;
    assert.equal(whereabouts.refresh(), false, 'they can’t be read for want of a descriptor');
    assert.equal(whereabouts.isOwn(Uint8Array.of(10, 0, 0, 9)), true);
  });
});
