/** What becomes of registrations whose lease has ended. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ExpiryEffect,
  HOLD_MS,
  NOTHING_SEEN,
  stepExpiry,
} from '../../../../../control-plane/store/members/expiry-machine.ts';
import {
  type Member,
  memberName,
  type Registration,
} from '../../../../../control-plane/store/member-store.ts';
import { registration } from '../../../../contract/store/member-store.contract.ts';

const TTL = 9_000;
const SETTLE = TTL / 3;
const WALL = 1_700_000_000_000;

/** A replica's machine and the store it looks at. */
class Run {
  #state = NOTHING_SEEN;
  #nowMs = 0;
  #token = 0;
  readonly members = new Map<string, Member<Registration>>();
  /** What was done, in words: `remove 1`, `hold 1 of 2/3`. */
  readonly done: string[] = [];

  constructor(addresses: number, fields: Partial<Registration> = {}) {
    for (let address = 1; address <= addresses; address++) this.put(address, fields);
    this.look();
  }

  put(address: number, fields: Partial<Registration> = {}, alive = true): void {
    const value = registration(`10.0.0.${address}:80`, { ttlMs: TTL, ...fields });
    const name = memberName(value);
    this.members.set(name, { name, value, token: (this.#token += 1), alive, lease: '' });
  }

  die(...addresses: readonly number[]): void {
    for (const [name, member] of this.members) {
      if (addresses.some((address) => name.endsWith(`.${address}:80`))) {
        this.members.set(name, { ...member, alive: false });
      }
    }
  }

  /** Another replica did it. */
  removeElsewhere(address: number): void {
    this.members.delete(`backend/web/10.0.0.${address}:80`);
  }

  /** Looks every second, and does what is decided. */
  pass(ms: number): void {
    for (const end = this.#nowMs + ms; this.#nowMs < end; ) {
      this.#nowMs = Math.min(this.#nowMs + 1_000, end);
      this.look();
    }
  }

  /** Time passes in which nothing is seen. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }

  look(): void {
    const look = { nowMs: this.#nowMs, wallMs: WALL + this.#nowMs };
    const { state, effects } = stepExpiry(this.#state, {
      registrations: [...this.members.values()],
      ...look,
    });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ExpiryEffect): void {
    const { member } = effect;
    const address = /\.(\d+):80$/.exec(member.name)?.[1];
    if (effect.type === 'remove') {
      this.members.delete(member.name);
      this.done.push(`remove ${address}`);
      return;
    }
    this.put(Number(address), { ...member.value, state: 'expiring', heldUntilMs: effect.untilMs });
    this.done.push(`hold ${address} of ${effect.lost}/${effect.of}`);
  }
}

describe('registrations whose lease has ended', () => {
  it('leave a third of their ttl later, one by one among many', () => {
    const run = new Run(5);
    run.die(1);
    run.look();
    run.pass(SETTLE - 1);
    assert.deepEqual(run.done, []);
    run.pass(1);
    assert.deepEqual(run.done, ['remove 1']);
    run.pass(TTL + 1);
    run.die(2);
    run.pass(SETTLE + 1_000);
    assert.deepEqual(run.done, ['remove 1', 'remove 2']);
  });

  it('stay when they come back in time', () => {
    const run = new Run(3);
    run.die(1);
    run.pass(1_000);
    run.put(1);
    run.pass(60_000);
    assert.deepEqual(run.done, []);
  });

  it('are held when more than half of their pool is lost within one ttl', () => {
    const run = new Run(5);
    run.die(1);
    run.pass(1_000);
    run.die(2, 3);
    run.pass(5_000);
    assert.deepEqual(run.done, ['hold 1 of 3/5', 'hold 2 of 3/5', 'hold 3 of 3/5']);
  });

  it('are not held when exactly half is lost, or when the lost one is alone', () => {
    const half = new Run(4);
    half.die(1, 2);
    half.pass(5_000);
    assert.deepEqual(half.done, ['remove 1', 'remove 2']);
    const alone = new Run(1);
    alone.die(1);
    alone.pass(5_000);
    assert.deepEqual(alone.done, ['remove 1']);
  });

  it('count those that have left already within the ttl, whoever removed them', () => {
    const run = new Run(5);
    run.die(1);
    run.pass(5_000);
    run.die(2);
    run.pass(1_000);
    run.removeElsewhere(2);
    run.die(3);
    run.pass(4_000);
    assert.deepEqual(run.done, ['remove 1', 'hold 3 of 3/5']);
  });

  it('do not count those that left longer than a ttl ago', () => {
    const run = new Run(5);
    for (const address of [1, 2, 3]) {
      run.die(address);
      run.pass(TTL + SETTLE + 2_000);
    }
    assert.deepEqual(run.done, ['remove 1', 'remove 2', 'remove 3']);
  });

  it('leave after five minutes when they were held and did not come back', () => {
    const run = new Run(2);
    run.die(1, 2);
    run.pass(SETTLE + 1_000);
    run.done.length = 0;
    run.pass(60_000);
    run.put(1);
    run.pass(HOLD_MS - 70_000);
    assert.deepEqual(run.done, []);
    run.pass(20_000);
    assert.deepEqual(run.done, ['remove 2']);
  });

  it('get time to come back when nobody looked meanwhile', () => {
    const run = new Run(3, { ttlMs: 2_000 });
    run.die(1);
    run.sleep(60_000);
    run.pass(4_000);
    assert.deepEqual(run.done, []);
    run.pass(2_000);
    assert.deepEqual(run.done, ['remove 1']);
  });

  it('leave at once when they drained', () => {
    const run = new Run(2, { state: 'draining' });
    run.die(1, 2);
    run.look();
    assert.deepEqual(run.done, ['remove 1', 'remove 2']);
  });

  it('are judged pool by pool', () => {
    const run = new Run(4);
    run.put(7, { pool: 'api' });
    run.put(8, { pool: 'api' });
    run.look();
    run.die(1, 7, 8);
    run.pass(5_000);
    assert.deepEqual(run.done.toSorted(), ['hold 7 of 2/2', 'hold 8 of 2/2', 'remove 1']);
  });
});
