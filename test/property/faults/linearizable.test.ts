/** The checker of histories against one that tries every order: they agree on what some order explains. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { linearize, type Model, type Timed } from '../../faults/judgement/linearizable.ts';

describe('the checker', () => {
  it('agrees with trying every order', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.array(registerStep, { minLength: 1, maxLength: 5 }), (history) => {
        const verdict = linearize(register, history).linearizable;
        if (!verdict) refused += 1;
        assert.equal(verdict, isExplained(history, 0));
      }),
      { numRuns: 2_000 },
    );
    assert.ok(refused > 100, `only ${refused} of the histories were wrong`);
  });
});

/** A register: one number that is written and read. */
type RegisterStep = Timed & { readonly does: 'write' | 'read'; readonly value: number };

const register: Model<number, RegisterStep> = {
  initial: 0,
  step: (state, { does, value }) => {
    if (does === 'write') return { next: value };
    return state === value ? { next: state } : { why: `it is ${state}` };
  },
  key: String,
};

const registerStep = fc
  .record({
    does: fc.constantFrom('write' as const, 'read' as const),
    value: fc.integer({ min: 0, max: 2 }),
    invokedMs: fc.integer({ min: 0, max: 9 }),
    lastsMs: fc.constantFrom(0, 1, 3, 9, Number.POSITIVE_INFINITY),
  })
  .map(({ lastsMs, ...step }): RegisterStep => ({ ...step, returnedMs: step.invokedMs + lastsMs }));

/** Tries every step that no unplaced one was answered before. */
function isExplained(left: readonly RegisterStep[], state: number): boolean {
  if (left.every(({ returnedMs }) => returnedMs === Number.POSITIVE_INFINITY)) return true;
  return left.some((step) => {
    const others = left.filter((each) => each !== step);
    if (others.some(({ returnedMs }) => returnedMs < step.invokedMs)) return false;
    const result = register.step(state, step);
    return 'next' in result && isExplained(others, result.next);
  });
}
