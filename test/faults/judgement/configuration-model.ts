/**
 * The configuration as a sequential machine, in the fewest words: what each call would be answered if it were alone.
 * Written anew for the checker: the edits of the product are what it is to check.
 */
import { createHash } from 'node:crypto';
import type { Strategy } from '../../../core/model/resources.ts';
import type { Model, Timed } from './linearizable.ts';
import type {
  PlainBackend,
  PlainConfiguration,
  PlainPool,
  Read,
  ReadEnd,
  Write,
  WriteEnd,
} from './operation.ts';

export interface Configuration {
  readonly revision: number;
  readonly pools: Readonly<Record<string, PlainPool>>;
  readonly strategies: Readonly<Record<string, Strategy>>;
  /** The requests that made the revisions, newest first. */
  readonly made: Made | null;
}

interface Made {
  readonly requestId: string;
  readonly revision: number;
  /** Of this and all before it. */
  readonly digest: string;
  readonly earlier: Made | null;
}

/** A call as the checker wants it: for one of unknown outcome it was looked up in the log where it landed. */
export type Step = Timed &
  (
    | {
        readonly write: Write;
        readonly requestId: string;
        readonly end: WriteEnd | { readonly is: 'landed'; readonly revision: number };
      }
    | { readonly read: Read; readonly end: ReadEnd }
  );

type Answer = { readonly next: Configuration } | { readonly why: string };

export function configurationModel(initial: Omit<Configuration, 'made'>): Model<Configuration, Step> {
  return {
    initial: { ...initial, made: null },
    step: (state, step) => ('write' in step ? afterWrite(state, step) : afterRead(state, step)),
    // The content follows from the requests that made it, and these are chained.
    key: ({ revision, made }) => `${revision} ${made?.digest ?? ''}`,
  };
}

type WriteStep = Extract<Step, { write: Write }>;

function afterWrite(state: Configuration, step: WriteStep): Answer {
  const { end, requestId } = step;
  if (end.is === 'not written' || end.is === 'unknown') return { next: state };
  const earlier = madeBy(state, requestId);
  if (end.is === 'committed' && end.repeated) {
    if (earlier?.revision === end.revision) return { next: state };
    const what = earlier ? `made revision ${earlier.revision}` : 'has made no revision yet';
    return { why: `request ${requestId} ${what}` };
  }
  if (earlier === undefined) return afterNewWrite(state, step);
  return { why: `request ${requestId} has made revision ${earlier.revision} already` };
}

function afterNewWrite(state: Configuration, { end, requestId, write }: WriteStep): Answer {
  const effect = effectOf(state, write);
  const at = `at revision ${state.revision}`;
  if ('refusal' in effect) {
    const isSo = end.is === 'refused' && end.code === effect.refusal;
    return isSo ? { next: state } : { why: `${at} it would be refused: ${effect.refusal}` };
  }
  if (effect.same) {
    const isSo = end.is === 'unchanged' && end.revision === state.revision;
    return isSo ? { next: state } : { why: `${at} it would change nothing` };
  }
  const isCommitted = end.is === 'committed' || end.is === 'landed';
  if (!isCommitted) return { why: `${at} it would change something` };
  if (end.revision !== state.revision + 1) return { why: `the next revision is ${state.revision + 1}` };
  return { next: commit(state, requestId, effect) };
}

function afterRead(state: Configuration, { read, end }: Extract<Step, { read: Read }>): Answer {
  if (end.is === 'no answer' || end.stale) return { next: state };
  const seen = JSON.stringify(end.is === 'pool' ? sorted(end.pool) : sorted(end.all));
  const there = read.do === 'read pool' ? (state.pools[read.pool] ?? null) : plainOf(state);
  if (JSON.stringify(sorted(there)) === seen) return { next: state };
  return { why: `at revision ${state.revision} there is ${JSON.stringify(sorted(there))}` };
}

function plainOf({ revision, pools, strategies }: Configuration): PlainConfiguration {
  const backends = Object.entries(pools).map(([name, pool]) => [name, pool.backends] as const);
  return { revision, pools: Object.fromEntries(backends), strategies };
}

interface Effect {
  readonly pools: Configuration['pools'];
  readonly strategies: Configuration['strategies'];
  readonly same: boolean;
}

function effectOf(state: Configuration, write: Write): Effect | { readonly refusal: string } {
  if (write.do === 'set strategy') {
    const same = state.strategies[write.policy] === write.strategy;
    return { pools: state.pools, strategies: { ...state.strategies, [write.policy]: write.strategy }, same };
  }
  const pool = state.pools[write.pool];
  if (write.do === 'replace' && write.expected !== state.revision) return { refusal: 'ABORTED' };
  if (pool === undefined) return { refusal: 'NOT_FOUND' };
  const result = backendsAfter(pool.backends, write);
  if (typeof result === 'string') return { refusal: result };
  const same = JSON.stringify(sorted(result)) === JSON.stringify(sorted(pool.backends));
  const changed = { revision: same ? pool.revision : state.revision + 1, backends: result };
  return { pools: { ...state.pools, [write.pool]: changed }, strategies: state.strategies, same };
}

/** The backends after a write, or the code of its refusal. */
function backendsAfter(
  backends: PlainPool['backends'],
  write: Exclude<Write, { do: 'set strategy' }>,
): PlainPool['backends'] | string {
  if (write.do === 'replace') {
    const entries = Object.entries(write.weights).map(([address, weight]): [string, PlainBackend] => [
      address,
      { weight, state: backends[address]?.state ?? 'active' },
    ]);
    return Object.fromEntries(entries);
  }
  const { address } = write;
  const present = backends[address];
  if (write.do === 'add') {
    return present ? 'ALREADY_EXISTS' : { ...backends, [address]: { weight: write.weight, state: 'active' } };
  }
  if (present === undefined) return 'NOT_FOUND';
  if (write.do === 'weigh') return { ...backends, [address]: { ...present, weight: write.weight } };
  if (write.do === 'set state') return { ...backends, [address]: { ...present, state: write.state } };
  const { [address]: _, ...rest } = backends;
  return rest;
}

function commit(state: Configuration, requestId: string, { pools, strategies }: Effect): Configuration {
  const revision = state.revision + 1;
  const digest = createHash('sha256').update(`${state.made?.digest} ${requestId}`).digest('base64');
  return { revision, pools, strategies, made: { requestId, revision, digest, earlier: state.made } };
}

function madeBy(state: Configuration, requestId: string): Made | undefined {
  for (let made = state.made; made !== null; made = made.earlier) {
    if (made.requestId === requestId) return made;
  }
  return undefined;
}

/** The same with the fields in one order, all the way down. */
export function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
}
