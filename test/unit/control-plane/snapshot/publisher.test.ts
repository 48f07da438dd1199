/** Publishing snapshots: coalesced, never back, the last ones kept. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Member, memberName, type MemberValue } from '../../../../control-plane/store/member-store.ts';
import { Publisher } from '../../../../control-plane/snapshot/publisher.ts';
import { updateBackend } from '../../../../core/model/edits/backend.ts';
import type { State } from '../../../../core/model/state.ts';
import { registration } from '../../../contract/store/member-store.contract.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { after, stateOf } from '../../../../harness/state.ts';

const first = stateOf([
  { kind: 'pool', value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 1 }] } },
]);
const weigh = (state: State, weight: number) =>
  after(state, updateBackend('web', { address: '10.0.0.1:80', weight }));
const at = (state: State) => ({ ...state.head, version: state.head.revision });

function publisher() {
  const clock = new FakeClock();
  const made = new Publisher(clock);
  const published: number[] = [];
  made.subscribe(({ position }) => published.push(position.revision));
  const offer = (state: State) => made.offer(state, at(state));
  return { clock, made, published, offer };
}

describe('the publisher', () => {
  it('has nothing before the store was read, and publishes a first change at once', () => {
    const { clock, made, published, offer } = publisher();
    assert.equal(made.newest, null);
    offer(first);
    clock.advance(0);
    assert.deepEqual(published, [1]);
  });

  it('goes on with a store that takes the place of the last one, from any revision, and with no other', () => {
    const { clock, made, published, offer } = publisher();
    offer(first);
    clock.advance(100);
    const other = { ...first, head: { ...first.head, storeId: 'other', revision: 9 } };
    offer(other);
    clock.advance(100);
    offer({ ...other, head: { ...other.head, revision: 1, replaces: ['x', first.head.storeId] } });
    clock.advance(100);
    assert.deepEqual(published, [1, 1]);
    assert.equal(made.newest?.position.storeId, 'other');
  });

  it('coalesces a burst to its newest state', () => {
    const { clock, published, offer } = publisher();
    let state = first;
    for (let weight = 2; weight < 1_000; weight += 1) {
      offer(state);
      state = weigh(state, weight);
    }
    offer(state);
    assert.equal(clock.pending, 1);
    clock.advance(1_000);
    assert.deepEqual(published, [state.head.revision]);
  });

  it('builds rarely while changes keep coming', () => {
    const { clock, published, offer } = publisher();
    let state = first;
    for (let weight = 2; weight <= 101; weight += 1) {
      offer(state);
      clock.advance(1);
      state = weigh(state, weight);
    }
    assert.ok(published.length <= 6, `${published.length} builds in 100 ms`);
    assert.ok(published.length >= 4, `${published.length} builds in 100 ms`);
  });

  it('never goes back, and keeps what it has', () => {
    const { clock, made, published, offer } = publisher();
    const second = weigh(first, 7);
    offer(second);
    clock.advance(100);
    offer(first);
    clock.advance(100);
    assert.deepEqual(published, [2]);
    assert.equal(made.newest?.position.revision, 2);
  });

  it('publishes members that came and went at one revision, and every later version', () => {
    const { clock, made } = publisher();
    const seen: string[] = [];
    made.subscribe(({ position, entries }) => seen.push(`${position.version}: ${entries.size}`));
    const value = registration('10.0.0.2:80');
    const members = [{ name: memberName(value), value, token: 2, alive: true, lease: '' }];
    const offer = (version: number, with_: typeof members) => {
      made.offer(first, { ...at(first), version }, with_);
      clock.advance(100);
    };
    offer(1, []);
    offer(2, members);
    offer(3, members);
    offer(4, []);
    offer(2, members);
    assert.deepEqual(seen, ['1: 3', '2: 4', '3: 4', '4: 3']);
  });

  it('builds nothing anew when proxies come and go, or a lease ends', () => {
    const { clock, made } = publisher();
    const of = (value: MemberValue, token: number, alive = true) => ({
      name: memberName(value),
      value,
      token,
      alive,
      lease: '',
    });
    const backend = registration('10.0.9.9:80');
    const proxy: MemberValue = { kind: 'proxy', id: 'p', zone: '', instanceId: 'i', ttlMs: 1, sinceMs: 1 };
    const build = (version: number, members: readonly Member[]) => {
      made.offer(first, { ...at(first), version }, members);
      clock.advance(100);
      assert.equal(made.newest?.position.version, version);
      return made.newest?.entries;
    };
    const entries = build(1, [of(backend, 2)]);
    assert.equal(build(2, [of(backend, 2), of(proxy, 3)]), entries);
    assert.equal(build(3, [of({ ...backend }, 2, false)]), entries);
    assert.notEqual(build(4, [of({ ...backend, weight: 7 }, 5)]), entries);
  });

  it('finds the last sixteen snapshots by hash, and no older one', () => {
    const { clock, made, offer } = publisher();
    const hashes: string[] = [];
    let state = first;
    for (let weight = 2; weight < 22; weight += 1) {
      state = weigh(state, weight);
      offer(state);
      clock.advance(100);
      hashes.push(made.newest?.hash ?? '');
    }
    assert.deepEqual(
      hashes.map((hash) => made.find(hash) !== null),
      hashes.map((_, index) => index >= hashes.length - 16),
    );
  });

  it('says nothing more once it is stopped', () => {
    const { clock, made, published, offer } = publisher();
    offer(first);
    made.stop();
    clock.advance(1_000);
    assert.deepEqual(published, []);
  });
});
