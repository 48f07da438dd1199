/**
 * The plans of one worker: what it runs, and what it has made ready. Pure.
 *
 * Invariant: a commit only swaps to what was made ready under that sequence number, so it can't fail.
 */

export interface PlanSlots<P extends { readonly sequence: number }> {
  readonly running: P | null;
  readonly prepared: P | null;
}

/** Null: nothing of that number is ready, so nothing changes. */
export function commitPrepared<P extends { readonly sequence: number }>(
  { prepared }: PlanSlots<P>,
  sequence: number,
): { readonly running: P; readonly prepared: null } | null {
  return prepared?.sequence === sequence ? { running: prepared, prepared: null } : null;
}

export function abortPrepared<P extends { readonly sequence: number }>(
  slots: PlanSlots<P>,
  sequence: number,
): PlanSlots<P> {
  return slots.prepared?.sequence === sequence ? { ...slots, prepared: null } : slots;
}
