/**
 * How one batch of proposals gets into the log, as a pure machine: (state, event) → {state, effects}. batch.ts performs
 * the effects.
 *
 * Invariants
 *  - everything is decided on the newest head: the head is read before anything is sent, so a store that is away costs
 *    nothing;
 *  - the log position decides: after an append without an answer, nothing else is decided for its proposals until the
 *    log shows whether their commits are there. Meanwhile the same commits are sent again: both tries name the same
 *    parent, so one can win at most, and they are equal;
 *  - each step has at most one effect to wait for (catch-up, append, refresh, pause), and the next event answers it;
 *  - it ends when every proposal is settled, expired or postponed.
 */
import type { State } from '../../../core/model/state.ts';
import type { RequestOutcome } from './commit-index.ts';
import { type AppendPlan, type Decision, planAppend } from './plan-append.ts';
import { nothingWritten, type Proposal } from './proposal.ts';

/** How an append ended, for metrics. */
export type AppendEnd = 'appended' | 'conflict' | 'unknown' | 'refused';

export interface BatchState<P extends Proposal> {
  readonly phase: 'catching-up' | 'appending' | 'refreshing' | 'pausing' | 'ended';
  /** Neither settled nor postponed. */
  readonly proposals: readonly P[];
  /** The append that is under way. */
  readonly plan: AppendPlan<P> | null;
  /** An append that was sent and got no answer. */
  readonly unanswered: AppendPlan<P> | null;
  /** Have to wait for another batch. */
  readonly postponed: readonly P[];
}

export type BatchEvent<P extends Proposal> =
  /** `committed` knows every commit up to the head of `state`. */
  | {
      readonly type: 'caught-up';
      readonly state: State;
      readonly timeMs: number;
      readonly committed: (requestId: string) => RequestOutcome | undefined;
    }
  | { readonly type: 'catch-up-failed'; readonly error: unknown }
  /** `error`: why nothing was sent, when it was `refused`. */
  | { readonly type: 'append-ended'; readonly end: AppendEnd; readonly error?: unknown }
  | { readonly type: 'refreshed' }
  | { readonly type: 'paused' }
  /** Its deadline has passed, and its client was told so. */
  | { readonly type: 'expired'; readonly proposal: P };

export type BatchEffect<P extends Proposal> =
  /** Read the head of the store and the log up to it. */
  | { readonly type: 'catch-up' }
  | { readonly type: 'append'; readonly plan: AppendPlan<P> }
  /** Read the log, so that clients find their change in what they read next. It may fail. */
  | { readonly type: 'refresh' }
  | { readonly type: 'pause' }
  /** `sent`: its commit may be in the log, now or later. `not-sent`: it is not, and never will be. */
  | { readonly type: 'sent' | 'not-sent'; readonly proposal: P }
  | { readonly type: 'settle'; readonly decision: Decision<P> };

export interface BatchStep<P extends Proposal> {
  readonly state: BatchState<P>;
  readonly effects: readonly BatchEffect<P>[];
}

export function openBatch<P extends Proposal>(proposals: readonly P[]): BatchStep<P> {
  return catchUp({ phase: 'catching-up', proposals, plan: null, unanswered: null, postponed: [] });
}

export function stepBatch<P extends Proposal>(state: BatchState<P>, event: BatchEvent<P>): BatchStep<P> {
  switch (event.type) {
    case 'caught-up':
      return decide(state, event);
    case 'catch-up-failed':
      // After an append without an answer, the proposals wait until the store can be read.
      return state.unanswered === null ? refuse(state, event.error) : pause(state);
    case 'append-ended':
      return appendEnded(state, event.end, event.error);
    case 'refreshed': {
      const effects = state.plan?.conditional.map(settle) ?? [];
      return end({ ...state, proposals: [], plan: null, unanswered: null }, effects);
    }
    case 'paused':
      return catchUp(state);
    case 'expired': {
      const proposals = state.proposals.filter((proposal) => proposal !== event.proposal);
      return { state: { ...state, proposals }, effects: [] };
    }
  }
}

/** Sends the unanswered plan again as long as its log position is free; otherwise makes a new plan for what is still open. */
function decide<P extends Proposal>(
  state: BatchState<P>,
  { state: base, timeMs, committed }: BatchEvent<P> & { type: 'caught-up' },
): BatchStep<P> {
  const { unanswered } = state;
  if (unanswered?.base.head.hash === base.head.hash) return append(state, unanswered, []);
  let { proposals } = state;
  const effects: BatchEffect<P>[] = [];
  if (unanswered !== null) {
    // The log position is taken: either by all of our commits, or by others, and then ours can't come any more.
    const isInLog = ({ commit }: Decision<P>) =>
      commit !== undefined && committed(commit.requestId)?.hash === commit.hash;
    const landed = unanswered.conditional.some(isInLog);
    effects.push(...unanswered.conditional.map(landed ? settle : notSent));
    if (landed) proposals = [];
  }
  const plan = planAppend(proposals, base, timeMs, committed);
  effects.push(...plan.certain.map(settle));
  const next: BatchState<P> = {
    ...state,
    unanswered: null,
    proposals: plan.conditional.map(({ proposal }) => proposal),
    postponed: [...state.postponed, ...plan.postponed],
  };
  return plan.commits.length === 0 ? end(next, effects) : append(next, plan, effects);
}

function append<P extends Proposal>(
  state: BatchState<P>,
  plan: AppendPlan<P>,
  before: readonly BatchEffect<P>[],
): BatchStep<P> {
  const sent = plan.conditional
    .filter(({ commit }) => commit !== undefined)
    .map(({ proposal }) => ({ type: 'sent', proposal }) as const);
  return {
    state: { ...state, phase: 'appending', plan },
    effects: [...before, ...sent, { type: 'append', plan }],
  };
}

function appendEnded<P extends Proposal>(state: BatchState<P>, how: AppendEnd, error: unknown): BatchStep<P> {
  const { plan, unanswered } = state;
  if (how === 'appended') return { state: { ...state, phase: 'refreshing' }, effects: [{ type: 'refresh' }] };
  if (how === 'unknown') return pause({ ...state, plan: null, unanswered: plan });
  // Nothing of this try is in the log, but an earlier one without an answer may be.
  if (unanswered !== null) return pause({ ...state, plan: null });
  if (how === 'refused') return refuse({ ...state, plan: null }, error);
  return pause({ ...state, plan: null }, plan?.conditional.map(notSent));
}

function refuse<P extends Proposal>(state: BatchState<P>, error: unknown): BatchStep<P> {
  const result = nothingWritten(error);
  return end(
    { ...state, proposals: [] },
    state.proposals.map((proposal) => settle({ proposal, result })),
  );
}

function catchUp<P extends Proposal>(state: BatchState<P>): BatchStep<P> {
  if (state.proposals.length === 0) return end(state, []);
  return { state: { ...state, phase: 'catching-up' }, effects: [{ type: 'catch-up' }] };
}

function pause<P extends Proposal>(
  state: BatchState<P>,
  before: readonly BatchEffect<P>[] = [],
): BatchStep<P> {
  if (state.proposals.length === 0) return end(state, before);
  return { state: { ...state, phase: 'pausing' }, effects: [...before, { type: 'pause' }] };
}

function end<P extends Proposal>(state: BatchState<P>, effects: readonly BatchEffect<P>[]): BatchStep<P> {
  return { state: { ...state, phase: 'ended' }, effects };
}

function settle<P extends Proposal>(decision: Decision<P>): BatchEffect<P> {
  return { type: 'settle', decision };
}

function notSent<P extends Proposal>({ proposal }: Decision<P>): BatchEffect<P> {
  return { type: 'not-sent', proposal };
}
