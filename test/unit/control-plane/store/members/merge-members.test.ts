/** Registrations, and addresses of names, in the state that proxies run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergeMembers } from '../../../../../control-plane/store/members/merge-members.ts';
import { buildSnapshot } from '../../../../../control-plane/snapshot/build-snapshot.ts';
import {
  type DnsAddress,
  memberName,
  type MemberValue,
} from '../../../../../control-plane/store/member-store.ts';
import { registration } from '../../../../contract/store/member-store.contract.ts';
import { stateOf, validateState } from '../../../../../harness/state.ts';

const state = stateOf([
  { kind: 'pool', value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 3 }] } },
  { kind: 'listener', value: { name: 'front', address: '127.0.0.1:8080', pool: 'web' } },
]);

let token = 0;
const member = (value: MemberValue) => ({
  name: memberName(value),
  value,
  token: (token += 1),
  alive: true,
  lease: '',
});
const merge = (...values: readonly MemberValue[]) => mergeMembers(state, values.map(member));
const backendsOf = (merged: ReturnType<typeof merge>) =>
  Array.from(merged.state.pools.get('web')?.backends.values() ?? [], ({ value }) => value);

describe('registrations in the state', () => {
  it('leave the state as it is when there are none', () => {
    const proxy = { kind: 'proxy', id: 'p', zone: '', instanceId: 'i', ttlMs: 1, sinceMs: 1 } as const;
    assert.equal(merge(proxy).state, state);
  });

  it('join the configured backends of their pool', () => {
    const merged = merge(registration('10.0.0.2:80', { weight: 5 }));
    assert.deepEqual(backendsOf(merged), [
      { pool: 'web', address: '10.0.0.1:80', weight: 3, state: 'active' },
      { pool: 'web', address: '10.0.0.2:80', weight: 5, state: 'active' },
    ]);
    assert.deepEqual(
      merged.registrations.map(({ source, reason }) => [source, reason]),
      [['registered', '']],
    );
    assert.deepEqual(merged.state.head, state.head);
  });

  it('drain when they say so, and stay while they expire', () => {
    const merged = merge(
      registration('10.0.0.2:80', { state: 'draining' }),
      registration('10.0.0.3:80', { state: 'expiring', heldUntilMs: 1 }),
    );
    assert.deepEqual(
      backendsOf(merged).map(({ state: is }) => is),
      ['active', 'draining', 'active'],
    );
  });

  it('lose to a configured backend of their address, in words', () => {
    const merged = merge(registration('10.0.0.1:80', { weight: 9 }));
    assert.deepEqual(
      backendsOf(merged).map(({ weight }) => weight),
      [3],
    );
    const [status] = merged.registrations;
    assert.equal(status?.source, 'shadowed');
    assert.match(
      status?.reason ?? '',
      /10\.0\.0\.1:80 is also configured in the pool "web", and the configuration wins/,
    );
  });

  it('are ignored in a pool that is not there, in words', () => {
    const merged = merge(registration('10.0.0.2:80', { pool: 'wbe' }));
    assert.deepEqual(backendsOf(merged).length, 1);
    assert.equal(merged.registrations[0]?.source, 'ignored');
    assert.match(merged.registrations[0]?.reason ?? '', /there is no pool "wbe".*"web"/);
  });

  it('never make the state invalid: one that is our own listener stays out, the others come in', () => {
    const merged = merge(registration('127.0.0.1:8080'), registration('10.0.0.2:80'));
    assert.deepEqual(validateState(merged.state), []);
    assert.deepEqual(
      merged.registrations.map(({ source }) => source),
      ['ignored', 'registered'],
    );
    assert.match(merged.registrations[0]?.reason ?? '', /the address of the listener "front"/);
  });

  it('make the same snapshot at every replica, whatever their tokens and leases', () => {
    const values = [registration('10.0.0.2:80'), registration('10.0.0.3:80')];
    const position = { ...state.head, version: 7 };
    const [a, b] = [merge(...values), merge(...values)].map((merged) =>
      buildSnapshot(merged.state, position),
    );
    assert.equal(a?.hash, b?.hash);
    assert.notEqual(a?.hash, buildSnapshot(state, position).hash);
  });
});

describe('addresses of names in the state', () => {
  const entries = [{ name: 'db.test:80', weight: 7, tier: 1 }, { name: '_pg._tcp.test' }];
  const named = stateOf([
    { kind: 'pool', value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 3 }], dns: entries } },
    { kind: 'listener', value: { name: 'front', address: '0.0.0.0:8080', pool: 'web' } },
  ]);
  const answer = (name: string, ...addresses: readonly DnsAddress[]) =>
    ({ kind: 'dns', pool: 'web', name, addresses, instanceId: 'i', ttlMs: 1, sinceMs: 1 }) as const;
  const mergeNames = (...values: readonly MemberValue[]) => mergeMembers(named, values.map(member));

  it('have what their entry says, or their record, and lose to what is configured, registered or listed first', () => {
    const taken = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'].map((address) => ({ address }));
    const merged = mergeNames(
      registration('10.0.0.2:80', { weight: 5 }),
      answer('db.test:80', ...taken),
      answer(
        '_pg._tcp.test',
        { address: '10.0.0.3:80', weight: 9 },
        { address: '10.0.0.4:80', weight: 9, tier: 2 },
      ),
      answer('gone.test:80', { address: '10.0.0.5:80' }),
    );
    assert.deepEqual(
      backendsOf(merged).map(({ address, weight, tier = 0 }) => [address, weight, tier]),
      [
        ['10.0.0.1:80', 3, 0],
        ['10.0.0.2:80', 5, 0],
        ['10.0.0.3:80', 7, 1],
        ['10.0.0.4:80', 9, 2],
      ],
    );
    assert.deepEqual(validateState(merged.state), []);
  });

  it('are left out, in words, where they are a listener of the fleet', () => {
    const merged = mergeNames(
      answer('db.test:80', { address: '10.0.0.3:80' }, { address: '127.0.0.1:8080' }),
    );
    assert.deepEqual(
      backendsOf(merged).map(({ address }) => address),
      ['10.0.0.1:80', '10.0.0.3:80'],
    );
    assert.match(merged.names[0]?.problem ?? '', /127\.0\.0\.1:8080.*the listener "front".*would loop/);
    assert.deepEqual(validateState(merged.state), []);
  });
});
