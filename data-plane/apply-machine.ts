/**
 * Bringing one snapshot to disk and to the workers, in order, as a pure machine: (state, event) → {state, effect}.
 * snapshot-applier.ts does what the effects say.
 *
 * Invariants
 *  - it is what the next process starts with before any worker runs it: a proxy that is killed between two workers
 *    never goes back;
 *  - one that can't be saved is run by nobody; `done` comes after all workers run it.
 */
import type { Violation } from '../core/model/violation.ts';

/** `fromDisk`: it was read from there, so it is not written. */
export interface ApplyState {
  readonly phase: 'staging' | 'running' | 'keeping' | 'ended';
  readonly fromDisk: boolean;
}

export type ApplyEvent =
  | { readonly type: 'staged' }
  /** All workers run it. */
  | { readonly type: 'ran' }
  | { readonly type: 'kept' }
  | { readonly type: 'unsaved'; readonly violation: Violation };

export type ApplyEffect =
  /** Write it beside what is kept. */
  | { readonly type: 'stage' }
  | { readonly type: 'run' }
  /** Give it the name that the next process reads. */
  | { readonly type: 'keep' }
  /** Empty: it runs. */
  | { readonly type: 'done'; readonly violations: readonly Violation[] };

export interface ApplyStep {
  readonly state: ApplyState;
  readonly effect: ApplyEffect;
}

/** The start, with a snapshot of which a plan could be built. */
export function openApply(fromDisk: boolean): ApplyStep {
  return fromDisk
    ? { state: { phase: 'running', fromDisk }, effect: { type: 'run' } }
    : { state: { phase: 'staging', fromDisk }, effect: { type: 'stage' } };
}

export function stepApply(state: ApplyState, event: ApplyEvent): ApplyStep {
  const to = (phase: ApplyState['phase'], effect: ApplyEffect) => ({ state: { ...state, phase }, effect });
  switch (event.type) {
    case 'staged':
      return to('keeping', { type: 'keep' });
    case 'kept':
      return to('running', { type: 'run' });
    case 'ran':
      return to('ended', { type: 'done', violations: [] });
    case 'unsaved':
      return to('ended', { type: 'done', violations: [event.violation] });
  }
}
