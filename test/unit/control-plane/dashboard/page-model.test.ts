/** What the page makes of what it is told. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

interface Model {
  readonly backends: {
    readonly timeMs: readonly number[];
    readonly rates: ReadonlyMap<string, readonly (number | null)[]>;
    readonly lines: readonly (string | null)[];
  };
}

interface ProblemList {
  readonly rows: readonly { readonly severity: string }[];
  readonly more: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** Scripts for the browser have no types. */
const MODEL = new URL('../../../../control-plane/dashboard/public/lib/model.mjs', import.meta.url).href;
const { emptyModel, applyEvent, problemsOf } = (await import(MODEL)) as {
  emptyModel(): Model;
  applyEvent(model: Model, event: string, data: unknown, pool: string): void;
  problemsOf(fleet: ProblemList, traffic: ProblemList | undefined): object;
};

/** Frames a second apart, each with the connections a second of some backends. */
function after(...frames: readonly Readonly<Record<string, number>>[]): Model['backends'] {
  const model = emptyModel();
  frames.forEach((rates, index) => {
    const backends = Object.entries(rates).map(([address, connectionsPerSecond]) => ({
      backend: { address },
      traffic: { connectionsPerSecond },
    }));
    applyEvent(model, 'stats', { timeMs: (index + 1) * 1_000, pools: [], backends }, 'web');
  });
  return model.backends;
}

const many = (rates: (index: number) => number, count = 12) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`b${index}`, rates(index)]));

describe('where new connections go', () => {
  it('has columns of one length, whenever a backend came', () => {
    const { timeMs, rates } = after({ a: 1 }, { a: 2, b: 3 }, { a: 4, b: 5 });
    assert.deepEqual(
      [...rates],
      [
        ['a', [1, 2, 4]],
        ['b', [null, 3, 5]],
      ],
    );
    assert.equal(timeMs.length, 3);
  });

  it('lets go of a backend that left the frame, and gives its place to another', () => {
    const { rates, lines } = after({ a: 1, b: 2 }, { b: 2, c: 3 });
    assert.deepEqual([...rates.keys()], ['b', 'c']);
    assert.deepEqual(lines, ['c', 'b']);
    assert.deepEqual(after({ a: 1, b: 2 }, { b: 2 }).lines, [null, 'b']);
  });

  it('has a line for each of the busiest of late, which keep their colours', () => {
    const first = after(many((index) => index));
    assert.deepEqual(new Set(first.lines), new Set(['b10', 'b11', 'b4', 'b5', 'b6', 'b7', 'b8', 'b9']));
    const later = after(
      many((index) => index),
      many((index) => (index === 0 ? 1_000 : index)),
    );
    assert.deepEqual(
      later.lines.map((line, index) => line === first.lines[index] || line),
      first.lines.map((line) => line !== 'b4' || 'b0'),
    );
    assert.equal(later.rates.size, 12);
  });
});

describe('the problems of the page', () => {
  it('are those of the fleet and of the traffic, worst first, counted by the control plane', () => {
    const fleet = {
      rows: [{ severity: 'warning' }],
      more: 4,
      counts: { critical: 2, warning: 3, notice: 0 },
    };
    const traffic = {
      rows: [{ severity: 'critical' }],
      more: 0,
      counts: { critical: 1, warning: 0, notice: 0 },
    };
    assert.deepEqual(problemsOf(fleet, traffic), {
      rows: [{ severity: 'critical' }, { severity: 'warning' }],
      more: 4,
      critical: 3,
      all: 6,
    });
    assert.deepEqual(problemsOf(fleet, undefined), { rows: fleet.rows, more: 4, critical: 2, all: 5 });
  });
});
