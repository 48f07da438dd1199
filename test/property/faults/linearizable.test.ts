/** The checker against chance: valid histories are accepted, broken ones refused, and it agrees with trying every order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Random, randomBelow, seededRandom } from '../../../core/runtime/random.ts';
import { type Configuration, configurationModel, type Step } from '../../faults/configuration-model.ts';
import { linearize, type Model, type Timed } from '../../faults/linearizable.ts';
import type { PlainConfiguration, Write, WriteEnd } from '../../faults/operation.ts';

const model = configurationModel({
  revision: 0,
  pools: { web: { revision: 0, backends: {} } },
  strategies: {},
});
const seeds = fc.integer({ min: 0, max: 1_000_000_000 });

/** Steps that took effect at 10, 20, 30, ..., each invoked some time before and answered some time after. */
function validHistory(random: Random, length: number): Step[] {
  let state = model.initial;
  return Array.from({ length }, (_, index) => {
    const atMs = (index + 1) * 10;
    const times = {
      invokedMs: atMs - randomBelow(random, 40),
      returnedMs: atMs + randomBelow(random, 40),
    };
    const step = randomBelow(random, 3) === 0 ? readOf(state, times) : writeOn(state, times, random, index);
    const result = model.step(state, step);
    assert.ok('next' in result, JSON.stringify(result));
    state = result.next;
    return step;
  });
}

function readOf(state: Configuration, times: Timed): Step {
  return { ...times, read: { do: 'read all' }, end: { is: 'all', all: plainOf(state), stale: false } };
}

function plainOf({ revision, pools }: Configuration): PlainConfiguration {
  return { revision, pools: { web: pools['web']?.backends ?? {} }, strategies: {} };
}

/** A random write with the answer that it has in that state; some never get to hear it. */
function writeOn(state: Configuration, times: Timed, random: Random, index: number): Step {
  const address = `address-${randomBelow(random, 3)}`;
  const weight = randomBelow(random, 2);
  const writes: readonly Write[] = [
    { do: 'add', pool: 'web', address, weight },
    { do: 'remove', pool: 'web', address },
    { do: 'weigh', pool: 'web', address, weight },
    {
      do: 'replace',
      pool: 'web',
      expected: state.revision - randomBelow(random, 2),
      weights: { [address]: weight },
    },
  ];
  const write = writes[randomBelow(random, writes.length)] as Write;
  const revision = state.revision + 1;
  const ends: readonly WriteEnd[] = [
    { is: 'committed', revision, repeated: false },
    { is: 'unchanged', revision: state.revision },
    ...['ALREADY_EXISTS', 'NOT_FOUND', 'ABORTED'].map(
      (code) => ({ is: 'refused', code, message: '' }) as const,
    ),
  ];
  const step = (end: WriteEnd) => ({ ...times, requestId: `r${index}`, write, end });
  const right = ends.map(step).find((each) => 'next' in model.step(state, each));
  assert.ok(right);
  if (right.end.is !== 'committed' || randomBelow(random, 5) > 0) return right;
  return { ...right, returnedMs: Number.POSITIVE_INFINITY, end: { is: 'landed', revision } };
}

type Acknowledged = Extract<Step, { write: Write }> & {
  readonly end: { readonly is: 'committed'; readonly revision: number };
};

function acknowledgedIn(history: readonly Step[]): Acknowledged[] {
  return history.filter((step): step is Acknowledged => 'write' in step && step.end.is === 'committed');
}

describe('the checker', () => {
  it('accepts every history that some order explains', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, length) => {
        const random = seededRandom(seed);
        const history = validHistory(random, length).sort(() => random.next() - 0.5);
        assert.ok(linearize(model, history).linearizable);
      }),
    );
  });

  it('refuses a history in which a read misses a write that was acknowledged before it began', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = validHistory(seededRandom(seed), 40);
        const [write] = acknowledgedIn(history);
        fc.pre(write !== undefined);
        const late = { invokedMs: write.returnedMs + 1, returnedMs: write.returnedMs + 50 };
        const before = { ...model.initial, revision: write.end.revision - 1 };
        assert.equal(linearize(model, [...history, readOf(before, late)]).linearizable, false);
      }),
    );
  });

  it('refuses a history in which two writes were acknowledged against the order of time', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = validHistory(seededRandom(seed), 40);
        const acknowledged = acknowledgedIn(history);
        const first = acknowledged[0];
        const second = acknowledged.find(({ invokedMs }) => first && invokedMs > first.returnedMs);
        fc.pre(first !== undefined && second !== undefined);
        const swapped = history.map((step) => {
          if (step === first) return { ...first, end: second.end };
          return step === second ? { ...second, end: first.end } : step;
        });
        assert.equal(linearize(model, swapped).linearizable, false);
      }),
    );
  });

  it('refuses a history from which an acknowledged write was lost', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = validHistory(seededRandom(seed), 40);
        const acknowledged = acknowledgedIn(history);
        const lost = acknowledged[0];
        // Later revisions are only possible on top of it.
        fc.pre(acknowledged.length > 1);
        const without = history.filter((step) => step !== lost);
        assert.equal(linearize(model, without).linearizable, false);
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
