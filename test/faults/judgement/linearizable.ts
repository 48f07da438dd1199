/**
 * Is a history of concurrent operations linearizable? The search of Wing and Gong, with Lowe's memo: an operation that
 * was invoked before the first return that is still open may come next; a set of operations done that ended in a
 * state once is not tried again.
 */

/** An operation with the times between which it took its effect. */
export interface Timed {
  readonly invokedMs: number;
  /** Infinity: no answer came, so it may have its effect at any later time, or never. */
  readonly returnedMs: number;
}

/** What the operations would do one after the other. */
export interface Model<State, Operation> {
  readonly initial: State;
  /** The state after it, or why it can't have ended as it did in this state. */
  step(state: State, operation: Operation): { readonly next: State } | { readonly why: string };
  /** Equal for equal states only. */
  key(state: State): string;
}

export type Verdict<State, Operation> =
  | { readonly linearizable: true; readonly order: readonly Operation[] }
  | {
      readonly linearizable: false;
      /** The longest order that was found. */
      readonly order: readonly Operation[];
      readonly state: State;
      /** What could come next there, and why each of them can't. */
      readonly stuck: readonly { readonly operation: Operation; readonly why: string }[];
    };

interface Entry<Operation> {
  readonly operation: Operation;
  readonly index: number;
  readonly isCall: boolean;
  /** Of a call: where its answer stands, if one came. */
  answer: Entry<Operation> | null;
  before: Entry<Operation> | null;
  after: Entry<Operation> | null;
}

export function linearize<State, Operation extends Timed>(
  model: Model<State, Operation>,
  history: readonly Operation[],
): Verdict<State, Operation> {
  const head = linked(history);
  const done = new Uint16Array(Math.ceil(history.length / 16));
  const seen = new Set<string>();
  const path: { readonly call: Entry<Operation>; readonly from: State }[] = [];
  let state = model.initial;
  let open = history.filter(({ returnedMs }) => returnedMs !== Number.POSITIVE_INFINITY).length;
  let longest: readonly Operation[] = [];
  let longestState = state;
  let entry = head.after;
  while (open > 0) {
    if (entry?.isCall) {
      const result = model.step(state, entry.operation);
      const isNew = 'next' in result && isFirst(seen, done, entry.index, model.key(result.next));
      if (!isNew) {
        entry = entry.after;
        continue;
      }
      path.push({ call: entry, from: state });
      state = result.next;
      if (entry.answer !== null) open -= 1;
      takeOut(entry);
      if (path.length > longest.length) {
        longest = path.map(({ call }) => call.operation);
        longestState = state;
      }
      entry = head.after;
      continue;
    }
    // An answer whose call was not placed: the last placement was wrong.
    const last = path.pop();
    if (last === undefined) return stuckAt(model, history, longest, longestState);
    flip(done, last.call.index);
    state = last.from;
    putBack(last.call);
    if (last.call.answer !== null) open += 1;
    entry = last.call.after;
  }
  return { linearizable: true, order: path.map(({ call }) => call.operation) };
}

/** Marks it as done, unless the same set was done with the same state before. */
function isFirst(seen: Set<string>, done: Uint16Array, index: number, stateKey: string): boolean {
  flip(done, index);
  const key = `${String.fromCharCode(...done)} ${stateKey}`;
  if (!seen.has(key)) {
    seen.add(key);
    return true;
  }
  flip(done, index);
  return false;
}

function flip(done: Uint16Array, index: number): void {
  done[index >> 4] = (done[index >> 4] ?? 0) ^ (1 << (index & 15));
}

/** All calls and answers in the order of time, a call before an answer of the same instant, behind a head. */
function linked<Operation extends Timed>(history: readonly Operation[]): Entry<Operation> {
  const events = history.flatMap((operation, index) => {
    const call = entryOf(operation, index, true);
    if (operation.returnedMs === Number.POSITIVE_INFINITY)
      return [{ atMs: operation.invokedMs, entry: call }];
    call.answer = entryOf(operation, index, false);
    return [
      { atMs: operation.invokedMs, entry: call },
      { atMs: operation.returnedMs, entry: call.answer },
    ];
  });
  events.sort((a, b) => a.atMs - b.atMs || Number(b.entry.isCall) - Number(a.entry.isCall));
  const head = entryOf(undefined as never as Operation, -1, false);
  let last = head;
  for (const { entry } of events) {
    last.after = entry;
    entry.before = last;
    last = entry;
  }
  return head;
}

function entryOf<Operation>(operation: Operation, index: number, isCall: boolean): Entry<Operation> {
  return { operation, index, isCall, answer: null, before: null, after: null };
}

function takeOut<Operation>(call: Entry<Operation>): void {
  for (const entry of [call, call.answer]) {
    if (entry?.before) entry.before.after = entry.after;
    if (entry?.after) entry.after.before = entry.before;
  }
}

function putBack<Operation>(call: Entry<Operation>): void {
  for (const entry of [call.answer, call]) {
    if (entry?.before) entry.before.after = entry;
    if (entry?.after) entry.after.before = entry;
  }
}

function stuckAt<State, Operation extends Timed>(
  model: Model<State, Operation>,
  history: readonly Operation[],
  order: readonly Operation[],
  state: State,
): Verdict<State, Operation> {
  const placed = new Set(order);
  const left = history.filter((operation) => !placed.has(operation));
  const firstReturnMs = Math.min(...left.map(({ returnedMs }) => returnedMs));
  const stuck = left
    .filter(({ invokedMs }) => invokedMs <= firstReturnMs)
    .map((operation) => {
      const result = model.step(state, operation);
      const why = 'why' in result ? result.why : 'it could, but then others could not';
      return { operation, why };
    });
  return { linearizable: false, order, state, stuck };
}
