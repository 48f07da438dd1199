/** The checker of histories: it accepts valid ones, refuses a lost write, and agrees with trying every order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Random, randomBelow, seededRandom } from '../../../core/runtime/random.ts';
import { configurationModel, type Step } from '../../faults/judgement/configuration-model.ts';
import { linearize, type Model, type Timed } from '../../faults/judgement/linearizable.ts';
import type { Write, WriteEnd } from '../../faults/judgement/operation.ts';

const configuration = configurationModel({
  revision: 0,
  pools: { web: { revision: 0, backends: {} } },
  strategies: {},
});
const seeds = fc.integer({ min: 0, max: 1_000_000_000 });

/** Steps that took effect at 10, 20, 30, ..., each invoked some time before and answered some time after, if ever. */
function validHistory(random: Random, length: number): Step[] {
  let state = configuration.initial;
  return Array.from({ length }, (_, index) => {
    const atMs = (index + 1) * 10;
    const times = { invokedMs: atMs - randomBelow(random, 40), returnedMs: atMs + randomBelow(random, 40) };
    const { revision, pools } = state;
    const all = { revision, pools: { web: pools['web']?.backends ?? {} }, strategies: {} };
    const readAll: Step = { ...times, read: { do: 'read all' }, end: { is: 'all', all, stale: false } };
    const write = randomWrite(random, revision);
    const ends: readonly (WriteEnd | { readonly is: 'landed'; readonly revision: number })[] = [
      randomBelow(random, 5) === 0
        ? { is: 'landed', revision: revision + 1 }
        : { is: 'committed', revision: revision + 1, repeated: false },
      { is: 'unchanged', revision },
      ...['ALREADY_EXISTS', 'NOT_FOUND', 'ABORTED'].map(
        (code) => ({ is: 'refused', code, message: '' }) as const,
      ),
    ];
    const writes = ends.map((end): Step => {
      const returnedMs = end.is === 'landed' ? Number.POSITIVE_INFINITY : times.returnedMs;
      return { ...times, returnedMs, requestId: `r${index}`, write, end };
    });
    const candidates = randomBelow(random, 3) === 0 ? [readAll] : writes;
    for (const step of candidates) {
      const result = configuration.step(state, step);
      if ('why' in result) continue;
      state = result.next;
      return step;
    }
    throw new Error('no answer is right');
  });
}

function randomWrite(random: Random, revision: number): Write {
  const address = `address-${randomBelow(random, 3)}`;
  const weight = randomBelow(random, 2);
  const expected = revision - randomBelow(random, 2);
  const writes: readonly Write[] = [
    { do: 'add', pool: 'web', address, weight },
    { do: 'remove', pool: 'web', address },
    { do: 'weigh', pool: 'web', address, weight },
    { do: 'replace', pool: 'web', expected, weights: { [address]: weight } },
  ];
  return writes[randomBelow(random, writes.length)] as Write;
}

describe('the checker', () => {
  it('accepts every history that some order explains', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, length) => {
        const random = seededRandom(seed);
        const history = validHistory(random, length).sort(() => random.next() - 0.5);
        assert.ok(linearize(configuration, history).linearizable);
      }),
    );
  });

  it('refuses a history from which an acknowledged write was lost', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = validHistory(seededRandom(seed), 40);
        const [lost, later] = history.filter(({ end }) => end.is === 'committed');
        // Later revisions are only possible on top of it.
        fc.pre(later !== undefined);
        const rest = history.filter((step) => step !== lost);
        assert.equal(linearize(configuration, rest).linearizable, false);
      }),
    );
  });

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
