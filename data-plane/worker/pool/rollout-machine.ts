/**
 * Brings one plan to all workers, as a pure machine: (state, event) → {state, effects}. rollout.ts performs the effects.
 *
 * Invariants
 *  - no worker swaps to a plan before every worker that counts has prepared it, or is gone;
 *  - after `applied` no worker that counts runs an older plan: one that was late or died is gone;
 *  - a worker counts only once it runs the current plan, however often that changes while it starts;
 *  - one rollout at a time: the caller begins the next one after `applied`.
 * Here a worker is one thread, known by a number that is never used again: its replacement is another worker.
 */

export interface RolloutState {
  /** The sequence number of the plan that replacements start with; null: none yet. */
  readonly plan: number | null;
  /** Under way. `preparing`: until every worker that counts has prepared it. */
  readonly rollout: { readonly sequence: number; readonly phase: 'preparing' | 'committing' } | null;
  readonly workers: ReadonlyMap<number, WorkerProgress>;
}

interface WorkerProgress {
  /** False while it starts. */
  readonly counts: boolean;
  /** The order that it has not answered yet. */
  readonly order: 'prepare' | 'commit' | null;
  /** The plan of its newest order. */
  readonly sequence: number | null;
  /** Whether it has prepared `sequence`, or runs it. */
  readonly has: 'nothing' | 'prepared' | 'committed';
}

export type RolloutEvent =
  | { readonly type: 'apply'; readonly sequence: number }
  /** A new worker is ready for its first order. */
  | { readonly type: 'started'; readonly worker: number }
  /** It has obeyed its newest order. */
  | { readonly type: 'done'; readonly worker: number }
  /** Dead, or ended for being late. */
  | { readonly type: 'gone'; readonly worker: number };

export type RolloutEffect =
  | { readonly type: 'prepare' | 'commit'; readonly worker: number; readonly sequence: number }
  /** It has caught up: it may be given listeners. */
  | { readonly type: 'counts'; readonly worker: number }
  | { readonly type: 'applied'; readonly sequence: number };

export interface RolloutStep {
  readonly state: RolloutState;
  readonly effects: readonly RolloutEffect[];
}

export const NO_WORKERS: RolloutState = { plan: null, rollout: null, workers: new Map() };

export function stepRollout(state: RolloutState, event: RolloutEvent): RolloutStep {
  switch (event.type) {
    case 'apply': {
      const rollout = { sequence: event.sequence, phase: 'preparing' } as const;
      const counting = [...state.workers.keys()].filter((worker) => state.workers.get(worker)?.counts);
      return proceed(sendOrders({ ...state, rollout }, counting, 'prepare', event.sequence));
    }
    case 'started':
      return catchUp(put(state, event.worker, STARTING), event.worker);
    case 'done':
      return done(state, event.worker);
    case 'gone': {
      const workers = new Map(state.workers);
      workers.delete(event.worker);
      return proceed({ state: { ...state, workers }, effects: [] });
    }
  }
}

const STARTING: WorkerProgress = { counts: false, order: null, sequence: null, has: 'nothing' };

function done(state: RolloutState, worker: number): RolloutStep {
  const progress = state.workers.get(worker);
  if (!progress?.order) return { state, effects: [] };
  const has = progress.order === 'prepare' ? 'prepared' : 'committed';
  const next = put(state, worker, { ...progress, order: null, has });
  if (!progress.counts) return catchUp(next, worker);
  // It came to count too late to prepare the plan with the others, so it follows by itself.
  if (next.rollout?.phase === 'committing' && has === 'prepared') {
    return sendOrder(next, worker, 'commit', next.rollout.sequence);
  }
  return proceed({ state: next, effects: [] });
}

/** Brings a new worker to the current plan, which may have changed meanwhile. */
function catchUp(state: RolloutState, worker: number): RolloutStep {
  const progress = state.workers.get(worker);
  const { plan } = state;
  if (!progress) return { state, effects: [] };
  if (progress.has === 'prepared') return sendOrder(state, worker, 'commit', progress.sequence ?? 0);
  if (plan !== null && progress.sequence !== plan) return sendOrder(state, worker, 'prepare', plan);
  const counting = put(state, worker, { ...progress, counts: true });
  return { state: counting, effects: [{ type: 'counts', worker }] };
}

/** Moves on from preparing to committing to applied, when every worker has answered. */
function proceed({ state, effects }: RolloutStep): RolloutStep {
  const { rollout, workers } = state;
  const counting = [...workers].filter(([, { counts }]) => counts);
  if (rollout === null || counting.some(([, { order }]) => order !== null)) return { state, effects };
  if (rollout.phase === 'committing') {
    const applied = { type: 'applied', sequence: rollout.sequence } as const;
    return { state: { ...state, rollout: null }, effects: [...effects, applied] };
  }
  // From here on a replacement starts with this plan; one that came to count meanwhile has not prepared it.
  const { sequence } = rollout;
  const committing: RolloutState = { ...state, plan: sequence, rollout: { sequence, phase: 'committing' } };
  const isReady = (progress: WorkerProgress) => progress.sequence === sequence && progress.has === 'prepared';
  const late = counting.filter(([, progress]) => !isReady(progress)).map(([worker]) => worker);
  const ready = counting.filter(([, progress]) => isReady(progress)).map(([worker]) => worker);
  const prepares = sendOrders(committing, late, 'prepare', sequence);
  const commits = sendOrders(prepares.state, ready, 'commit', sequence);
  const next = { state: commits.state, effects: [...effects, ...prepares.effects, ...commits.effects] };
  return counting.length === 0 ? proceed(next) : next;
}

function sendOrders(
  state: RolloutState,
  workers: readonly number[],
  type: 'prepare' | 'commit',
  sequence: number,
): RolloutStep {
  let next: RolloutStep = { state, effects: [] };
  for (const worker of workers) {
    const { state: after, effects } = sendOrder(next.state, worker, type, sequence);
    next = { state: after, effects: [...next.effects, ...effects] };
  }
  return next;
}

function sendOrder(
  state: RolloutState,
  worker: number,
  type: 'prepare' | 'commit',
  sequence: number,
): RolloutStep {
  const progress = state.workers.get(worker);
  if (!progress) return { state, effects: [] };
  const has = type === 'prepare' ? 'nothing' : progress.has;
  return {
    state: put(state, worker, { ...progress, order: type, sequence, has }),
    effects: [{ type, worker, sequence }],
  };
}

function put(state: RolloutState, worker: number, progress: WorkerProgress): RolloutState {
  return { ...state, workers: new Map(state.workers).set(worker, progress) };
}
