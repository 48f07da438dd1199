/**
 * Gets one batch of proposals into the log: performs what batch-machine.ts decides.
 *
 * Invariant: it ends when every proposal is settled or postponed, so at the latest at the last deadline.
 */
import { backoff } from '../../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../../core/runtime/clock.ts';
import type { Random } from '../../../core/runtime/random.ts';
import type { ConfigStore } from '../config-store.ts';
import { type AppendEnd, type BatchEffect, type BatchEvent, openBatch, stepBatch } from './batch-machine.ts';
import type { LogFollower } from './log-follower.ts';
import type { AppendPlan } from './plan-append.ts';
import type { PendingProposal } from './proposal.ts';

const RETRY_MIN_MS = 4;
const RETRY_MAX_MS = 500;

export interface BatchDeps {
  readonly store: ConfigStore;
  readonly follower: LogFollower;
  readonly clock: Clock;
  readonly random: Random;
  /** Called after each append that was tried. */
  readonly onAppend?: (end: AppendEnd, commits: number) => void;
}

type Effect = BatchEffect<PendingProposal>;
type Event = BatchEvent<PendingProposal>;

/** Settles the proposals; returns those that have to wait for another batch. */
export async function settleBatch(
  proposals: readonly PendingProposal[],
  deps: BatchDeps,
): Promise<PendingProposal[]> {
  const retry = backoff(RETRY_MIN_MS, RETRY_MAX_MS, deps.random);
  let { state, effects } = openBatch(proposals);
  while (state.phase !== 'ended') {
    performAtOnce(effects);
    // Only the last effect has to be waited for.
    const event = await perform(effects.at(-1), deps, () => retry.nextMs());
    for (const proposal of state.proposals)
      if (!proposal.isOpen()) ({ state } = stepBatch(state, { type: 'expired', proposal }));
    ({ state, effects } = stepBatch(state, event));
  }
  performAtOnce(effects);
  return state.postponed.filter((proposal) => proposal.isOpen());
}

function performAtOnce(effects: readonly Effect[]): void {
  for (const effect of effects) {
    if (effect.type === 'settle') effect.decision.proposal.settle(effect.decision.result);
    else if (effect.type === 'sent' || effect.type === 'not-sent')
      effect.proposal.markSent(effect.type === 'sent');
  }
}

async function perform(
  effect: Effect | undefined,
  deps: BatchDeps,
  nextPauseMs: () => number,
): Promise<Event> {
  const { follower, clock } = deps;
  if (effect?.type === 'append') return append(effect.plan, deps);
  if (effect?.type === 'refresh') {
    await follower.catchUp().catch(() => undefined);
    return { type: 'refreshed' };
  }
  if (effect?.type !== 'catch-up') {
    await sleep(clock, nextPauseMs());
    return { type: 'paused' };
  }
  try {
    const { state } = await follower.catchUpToDecide();
    const committed = (requestId: string) => follower.requestOutcome(requestId);
    return { type: 'caught-up', state, timeMs: clock.wallMs(), committed };
  } catch (error) {
    return { type: 'catch-up-failed', error };
  }
}

async function append({ base, commits }: AppendPlan, { store, onAppend }: BatchDeps): Promise<Event> {
  let event: { readonly end: AppendEnd; readonly error?: unknown };
  try {
    event = { end: (await store.append(base.head, commits)).outcome };
  } catch (error) {
    event = { end: 'refused', error };
  }
  onAppend?.(event.end, commits.length);
  return { type: 'append-ended', ...event };
}
