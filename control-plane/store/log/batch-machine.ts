/**
 * One batch of proposals on its way into the log, as a pure machine: (state, event) → {state, effects}. batch.ts does
 * what the effects say.
 *
 * Invariants
 *  - decided on the head as of now: the store is asked before anything is sent, so a store that is away costs nothing;
 *  - a slot decides: after an append without an answer nothing else is decided for its tickets until the log shows
 *    whether their commits are there. Meanwhile the same commits are sent again: both tries name the same parent, so
 *    at most one can win, and they are equal;
 *  - each step asks for at most one thing to wait for (look, append, learn, pause), and the next event answers it;
 *  - ends when every ticket is settled, expired or left over.
 */
import type { State } from '../../../core/model/state.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import type { RequestOutcome } from './commit-index.ts';
import { type AppendPlan, type Decision, planAppend } from './plan-append.ts';
import type { Proposed } from './proposal.ts';

/** How an append ended, for metrics. */
export type AppendEnd = 'appended' | 'conflict' | 'unknown' | 'refused';

export interface BatchState<T extends Proposed> {
  readonly phase: 'looking' | 'appending' | 'learning' | 'pausing' | 'ended';
  /** Neither settled nor left over. */
  readonly tickets: readonly T[];
  /** Under way. */
  readonly plan: AppendPlan<T> | null;
  /** Sent without an answer. */
  readonly doubt: AppendPlan<T> | null;
  /** Have to wait for another batch. */
  readonly left: readonly T[];
}

export type BatchEvent<T extends Proposed> =
  /** `committed` tells of every commit up to the head of `state`. */
  | {
      readonly type: 'looked';
      readonly state: State;
      readonly timeMs: number;
      readonly committed: (requestId: string) => RequestOutcome | undefined;
    }
  | { readonly type: 'look-failed'; readonly error: unknown }
  /** `error` says why nothing was sent, where it was `refused`. */
  | { readonly type: 'append-ended'; readonly end: AppendEnd; readonly error?: unknown }
  | { readonly type: 'learnt' }
  | { readonly type: 'paused' }
  /** Its deadline has passed, and it was told so. */
  | { readonly type: 'expired'; readonly ticket: T };

export type BatchEffect<T extends Proposed> =
  /** Ask the store for its head and read on to it. */
  | { readonly type: 'look' }
  | { readonly type: 'append'; readonly plan: AppendPlan<T> }
  /** Read on, so that callers find their change in what they read next. It may fail. */
  | { readonly type: 'learn' }
  | { readonly type: 'pause' }
  /** From here on its commit may be in the log, now or later; or it is certain that it is not and never will be. */
  | { readonly type: 'sent' | 'not-sent'; readonly ticket: T }
  | { readonly type: 'tell'; readonly decision: Decision<T> };

export interface BatchStep<T extends Proposed> {
  readonly state: BatchState<T>;
  readonly effects: readonly BatchEffect<T>[];
}

export function openBatch<T extends Proposed>(tickets: readonly T[]): BatchStep<T> {
  return look({ phase: 'looking', tickets, plan: null, doubt: null, left: [] }, []);
}

export function stepBatch<T extends Proposed>(state: BatchState<T>, event: BatchEvent<T>): BatchStep<T> {
  switch (event.type) {
    case 'looked':
      return decide(state, event);
    case 'look-failed':
      // In doubt, the tickets wait for a store that can tell.
      return state.doubt === null ? refuse(state, event.error) : pause(state, []);
    case 'append-ended':
      return appendEnded(state, event.end, event.error);
    case 'learnt':
      return learnt(state);
    case 'paused':
      return look(state, []);
    case 'expired': {
      const tickets = state.tickets.filter((ticket) => ticket !== event.ticket);
      return { state: { ...state, tickets }, effects: [] };
    }
  }
}

/** The plan in doubt as long as its slot is free; else a new one for whatever is still open. */
function decide<T extends Proposed>(
  state: BatchState<T>,
  { state: base, timeMs, committed }: BatchEvent<T> & { type: 'looked' },
): BatchStep<T> {
  const { doubt } = state;
  if (doubt !== null && base.head.hash === doubt.base.head.hash) return append(state, doubt, []);
  let { tickets } = state;
  const effects: BatchEffect<T>[] = [];
  if (doubt !== null) {
    // The slot is taken: by our commits, all of them, or by somebody else's, and then ours can't come any more.
    const isInLog = ({ commit }: Decision<T>) =>
      commit !== undefined && committed(commit.requestId)?.hash === commit.hash;
    const landed = doubt.conditional.some(isInLog);
    effects.push(...doubt.conditional.map((decision) => (landed ? tell(decision) : notSent(decision))));
    if (landed) tickets = [];
  }
  const plan = planAppend(tickets, base, timeMs, committed);
  effects.push(...plan.certain.map(tell));
  const next: BatchState<T> = {
    ...state,
    doubt: null,
    tickets: plan.conditional.map(({ ticket }) => ticket),
    left: [...state.left, ...plan.left],
  };
  return plan.commits.length === 0 ? end(next, effects) : append(next, plan, effects);
}

function append<T extends Proposed>(
  state: BatchState<T>,
  plan: AppendPlan<T>,
  before: readonly BatchEffect<T>[],
): BatchStep<T> {
  const sent = plan.conditional
    .filter(({ commit }) => commit !== undefined)
    .map(({ ticket }) => ({ type: 'sent', ticket }) as const);
  return {
    state: { ...state, phase: 'appending', plan },
    effects: [...before, ...sent, { type: 'append', plan }],
  };
}

function appendEnded<T extends Proposed>(state: BatchState<T>, how: AppendEnd, error: unknown): BatchStep<T> {
  const { plan, doubt } = state;
  if (how === 'appended') return { state: { ...state, phase: 'learning' }, effects: [{ type: 'learn' }] };
  if (how === 'unknown') return pause({ ...state, plan: null, doubt: plan }, []);
  // Nothing of this try is there. An earlier one without an answer stays in doubt.
  if (doubt !== null) return pause({ ...state, plan: null }, []);
  if (how === 'refused') return refuse({ ...state, plan: null }, error);
  return pause({ ...state, plan: null }, plan?.conditional.map(notSent) ?? []);
}

function learnt<T extends Proposed>(state: BatchState<T>): BatchStep<T> {
  const effects = state.plan?.conditional.map(tell) ?? [];
  return end({ ...state, tickets: [], plan: null, doubt: null }, effects);
}

function refuse<T extends Proposed>(state: BatchState<T>, error: unknown): BatchStep<T> {
  const result = withNothingWritten(error);
  return end(
    { ...state, tickets: [] },
    state.tickets.map((ticket) => tell({ ticket, result })),
  );
}

function look<T extends Proposed>(state: BatchState<T>, before: readonly BatchEffect<T>[]): BatchStep<T> {
  if (state.tickets.length === 0) return end(state, before);
  return { state: { ...state, phase: 'looking' }, effects: [...before, { type: 'look' }] };
}

function pause<T extends Proposed>(state: BatchState<T>, before: readonly BatchEffect<T>[]): BatchStep<T> {
  if (state.tickets.length === 0) return end(state, before);
  return { state: { ...state, phase: 'pausing' }, effects: [...before, { type: 'pause' }] };
}

function end<T extends Proposed>(state: BatchState<T>, effects: readonly BatchEffect<T>[]): BatchStep<T> {
  return { state: { ...state, phase: 'ended' }, effects };
}

function tell<T extends Proposed>(decision: Decision<T>): BatchEffect<T> {
  return { type: 'tell', decision };
}

function notSent<T extends Proposed>({ ticket }: Decision<T>): BatchEffect<T> {
  return { type: 'not-sent', ticket };
}

/** The error with the certainty that callers want: nothing was written. */
export function withNothingWritten(error: unknown): LbError {
  const known = error instanceof LbError;
  const message = sayingThatNothingWasWritten(messageOf(error));
  return new LbError(known ? error.code : 'UNAVAILABLE', message, known ? error.violations : [], error);
}

function sayingThatNothingWasWritten(message: string): string {
  if (/nothing was (?:written|changed)/i.test(message)) return message;
  // The words are always the same: people look for them.
  const text = message.replace(/[\s,;:.]+$/, '');
  return text === '' ? 'nothing was written' : `${text}; nothing was written`;
}
