/** The checker of histories: it must refuse what no order explains, or the fault runs would prove nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configurationModel, type Step } from '../../faults/judgement/configuration-model.ts';
import { linearize } from '../../faults/judgement/linearizable.ts';
import type { PlainConfiguration, Write, WriteEnd } from '../../faults/judgement/operation.ts';

const NEVER = Number.POSITIVE_INFINITY;
const model = configurationModel({
  revision: 0,
  pools: { web: { revision: 0, backends: {} } },
  strategies: {},
});
const check = (...history: Step[]) => linearize(model, history);

let requests = 0;
const write = (
  times: readonly [number, number],
  what: Write,
  end: Extract<Step, { write: Write }>['end'],
  id = `r${requests++}`,
): Step => ({
  invokedMs: times[0],
  returnedMs: times[1],
  requestId: id,
  write: what,
  end,
});
const add = (address: string): Write => ({ do: 'add', pool: 'web', address, weight: 1 });
const remove = (address: string): Write => ({ do: 'remove', pool: 'web', address });
const committed = (revision: number, repeated = false): WriteEnd => ({ is: 'committed', revision, repeated });
const refused = (code: string): WriteEnd => ({ is: 'refused', code, message: '' });
const landed = (revision: number) => ({ is: 'landed', revision }) as const;
const read = (times: readonly [number, number], revision: number, ...addresses: string[]): Step => {
  const backends = addresses.map((address) => [address, { weight: 1, state: 'active' }] as const);
  const all: PlainConfiguration = { revision, pools: { web: Object.fromEntries(backends) }, strategies: {} };
  const [invokedMs, returnedMs] = times;
  return { invokedMs, returnedMs, read: { do: 'read all' }, end: { is: 'all', all, stale: false } };
};

describe('the checker refuses', () => {
  const wrong: Readonly<Record<string, readonly Step[]>> = {
    'a read that misses an acknowledged write': [write([0, 1], add('a'), committed(1)), read([2, 3], 0)],
    'a read that goes back behind another': [
      write([0, 9], add('a'), committed(1)),
      read([1, 2], 1, 'a'),
      read([3, 4], 0),
    ],
    'a read of what nobody has asked for yet': [read([0, 1], 1, 'a'), write([2, 3], add('a'), committed(1))],
    'a read of half a change': [
      write([0, 1], add('a'), committed(1)),
      write([2, 3], add('b'), committed(2)),
      read([4, 5], 2, 'b'),
    ],
    'a lost write': [
      write([0, 1], add('a'), committed(1)),
      write([2, 3], add('b'), committed(2)),
      read([4, 5], 2, 'a'),
    ],
    'two writes of one revision': [
      write([0, 9], add('a'), committed(1)),
      write([0, 9], add('b'), committed(1)),
    ],
    'revisions against the order of time': [
      write([0, 1], add('a'), committed(2)),
      write([2, 3], add('b'), committed(1)),
    ],
    'a revision that nobody made': [write([0, 1], add('a'), committed(2))],
    'a refusal without a reason': [write([0, 1], add('a'), refused('ALREADY_EXISTS'))],
    'a refusal by what was gone before': [
      write([0, 1], add('a'), committed(1)),
      write([2, 3], remove('a'), committed(2)),
      write([4, 5], add('a'), refused('ALREADY_EXISTS')),
    ],
    'a write that should have been refused': [
      write([0, 1], add('a'), committed(1)),
      write([2, 3], add('a'), committed(2)),
    ],
    'a request that had its effect twice': [
      write([0, NEVER], remove('a'), landed(2), 'twice'),
      write([1, 2], add('a'), committed(1)),
      read([3, 4], 2),
      write([5, 6], add('a'), committed(3)),
      write([7, 8], remove('a'), committed(4), 'twice'),
    ],
    'a repetition that is told another revision': [
      write([0, 1], add('a'), committed(1), 'once'),
      write([2, 3], add('b'), committed(2)),
      write([4, 5], add('a'), committed(2, true), 'once'),
    ],
    'a write without an answer that is seen, then not': [
      write([0, NEVER], add('a'), landed(1)),
      read([1, 2], 1, 'a'),
      read([3, 4], 0),
    ],
    'a replacement of a revision that was gone': [
      write([0, 1], add('a'), committed(1)),
      write([2, 3], { do: 'replace', pool: 'web', expected: 0, weights: { b: 1 } }, committed(2)),
    ],
    'a change of nothing that would change something': [
      write([0, 1], add('a'), { is: 'unchanged', revision: 0 }),
    ],
  };
  for (const [what, history] of Object.entries(wrong)) {
    it(what, () => {
      assert.equal(check(...history).linearizable, false);
    });
  }
});
