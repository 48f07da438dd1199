/** Whatever DNS answers, in whatever order: what becomes of the addresses of a name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { newName, stepName, type NameState, UNKNOWN } from '../../../../control-plane/names/name-machine.ts';
import type { Resolved } from '../../../../control-plane/names/name-resolver.ts';

const HOLD_MS = 5 * 60_000;
const addressOf = (n: number) => ({ address: n < 6 ? `10.0.0.${n}:80` : `[2001:db8::${n}]:80` });
const family = (address: string): 4 | 6 => (address.startsWith('[') ? 6 : 4);

const answers = fc.record({
  numbers: fc.uniqueArray(fc.integer({ min: 1, max: 11 }), { maxLength: 8 }),
  missing: fc.subarray([4, 6] as const),
  ttlMs: fc.integer({ min: 1_000, max: 30_000 }),
  laterMs: fc.integer({ min: 0, max: HOLD_MS }),
});

function resolvedOf({
  numbers,
  missing,
  ttlMs,
}: {
  numbers: number[];
  missing: (4 | 6)[];
  ttlMs: number;
}): Resolved {
  const addresses = numbers.map(addressOf).filter(({ address }) => !missing.includes(family(address)));
  const problem = missing.length > 0 || addresses.length === 0 ? 'something failed' : null;
  return { addresses, missing: addresses.length === 0 ? [4, 6] : missing, ttlMs, problem };
}

const addressesOf = (state: NameState) => state.known.addresses.map(({ address }) => address);

describe('the name machine', () => {
  it('never loses an address that it could not ask for, and has every one that it was told', () => {
    const run = fc.property(fc.array(answers, { maxLength: 30 }), (all) => {
      let state = newName(UNKNOWN);
      let nowMs = 0;
      for (const answer of all) {
        nowMs += answer.laterMs;
        const before = state;
        const resolved = resolvedOf(answer);
        state = stepName(before, { type: 'resolved', resolved }, { nowMs, wallMs: nowMs });
        const [old, now] = [addressesOf(before), addressesOf(state)];
        const told = resolved.addresses.map(({ address }) => address);
        for (const address of told) assert.ok(now.includes(address));
        for (const address of old) {
          if (resolved.missing.includes(family(address))) assert.ok(now.includes(address));
        }
        for (const address of now) assert.ok(told.includes(address) || old.includes(address));
        assert.deepEqual(now, [...new Set(now)].sort());
        assert.equal(state.known.problem, resolved.problem ?? undefined);
        assert.ok(state.dueMs > nowMs && state.dueMs <= nowMs + 30_000);
        const gone = old.filter((address) => !now.includes(address));
        const held = before.known.heldUntilMs;
        if (gone.length >= 2 && gone.length * 2 > old.length) {
          assert.ok(held !== undefined && nowMs >= held, 'most were lost at once');
        }
        if (state.known.heldUntilMs !== undefined) assert.ok(state.known.heldUntilMs <= nowMs + HOLD_MS);
      }
    });
    fc.assert(run, { numRuns: 300 });
  });

  it('holds most addresses for five minutes, beside the new ones, and one address never', () => {
    const step = (state: NameState, numbers: number[], nowMs: number) => {
      const resolved = resolvedOf({ numbers, missing: [], ttlMs: 1_000 });
      return stepName(state, { type: 'resolved', resolved }, { nowMs, wallMs: nowMs });
    };
    let state = step(newName(UNKNOWN), [1, 2, 3], 0);
    state = step(state, [3, 4], 1_000);
    assert.equal(state.known.heldUntilMs, 1_000 + HOLD_MS);
    assert.deepEqual(
      addressesOf(state),
      [1, 2, 3, 4].map((n) => addressOf(n).address),
    );
    // A failure meanwhile does not make the hold longer, or forget it.
    state = step(state, [], 2_000);
    assert.equal(state.known.heldUntilMs, 1_000 + HOLD_MS);
    state = step(state, [3, 4], 1_000 + HOLD_MS);
    assert.deepEqual(
      addressesOf(state),
      [3, 4].map((n) => addressOf(n).address),
    );
    assert.equal(state.known.heldUntilMs, undefined);
    const one = step(step(newName(UNKNOWN), [1], 0), [2], 1_000);
    assert.deepEqual(addressesOf(one), [addressOf(2).address]);
  });

  it('asks at once after a backend has failed, but not more than once a second', () => {
    const resolved = resolvedOf({ numbers: [1], missing: [], ttlMs: 30_000 });
    let state = stepName(newName(UNKNOWN), { type: 'resolved', resolved }, { nowMs: 5_000, wallMs: 5_000 });
    assert.equal(state.dueMs, 35_000);
    state = stepName(state, { type: 'doubted' }, { nowMs: 5_100, wallMs: 5_100 });
    assert.equal(state.dueMs, 6_000);
  });
});
