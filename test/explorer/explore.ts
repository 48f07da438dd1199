/**
 * Explicit-state exploration: every state that can be reached, breadth first, so that what breaks a property first is
 * the shortest way to break it.
 *
 * A property of a state is its `broken`. From each state a second walk, without faults and with fair turns, must reach
 * the goal. As that holds for every state, every schedule that gives each step its turn reaches it too.
 */
import { intern } from './intern.ts';

export interface Move<W> {
  readonly label: string;
  readonly world: W;
}

export interface Model<W extends { readonly broken: string | null }> {
  readonly start: W;
  /** What goes on by itself. */
  steps(world: W): readonly Move<W>[];
  /** What goes wrong, within what the world still allows. */
  faults(world: W): readonly Move<W>[];
  /** The same world once nothing goes wrong any more. */
  calm(world: W): W;
  /** Everything is as it should end. */
  isGoal(world: W): boolean;
}

export interface Exploration {
  readonly states: number;
  /** States reached without faults on the way to the goal, beyond those. */
  readonly calmStates: number;
  readonly depth: number;
  /** False: there are more states than was allowed. */
  readonly complete: boolean;
  readonly counterexample: Counterexample | null;
}

export interface Counterexample {
  readonly what: string;
  readonly steps: readonly string[];
}

/** No fair way to the goal is nearly as long. */
const MAX_CALM_STEPS = 400;

export function explore<W extends { readonly broken: string | null }>(
  model: Model<W>,
  maxStates: number,
): Exploration {
  const parents: number[] = [-1];
  const labels: string[] = ['the start'];
  const seen = new Set<number>([intern(model.start)]);
  const converging = new Set<number>();
  let level: { readonly index: number; readonly world: W }[] = [{ index: 0, world: model.start }];
  let depth = 0;
  let complete = true;
  const result = (counterexample: Counterexample | null): Exploration => ({
    states: parents.length,
    calmStates: converging.size,
    depth,
    complete,
    counterexample,
  });
  const path = (index: number): string[] => {
    const steps: string[] = [];
    for (let at = index; at > 0; at = parents[at] ?? 0) steps.unshift(labels[at] ?? '');
    return steps;
  };
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { index, world } of level) {
      if (world.broken !== null) return result({ what: world.broken, steps: path(index) });
      const stuck = convergenceFailure(model, world, converging);
      if (stuck !== null) {
        return result({ what: stuck.what, steps: [...path(index), ...stuck.steps] });
      }
      for (const move of [...model.steps(world), ...model.faults(world)]) {
        const key = intern(move.world);
        if (seen.has(key)) continue;
        if (parents.length >= maxStates) {
          complete = false;
          continue;
        }
        seen.add(key);
        parents.push(index);
        labels.push(move.label);
        next.push({ index: parents.length - 1, world: move.world });
      }
    }
    if (next.length > 0) depth += 1;
    level = next;
  }
  return result(null);
}

/** Null: with faults off and fair turns, the goal is reached from `world`. `converging` remembers from where it is. */
function convergenceFailure<W extends { readonly broken: string | null }>(
  model: Model<W>,
  world: W,
  converging: Set<number>,
): Counterexample | null {
  const path: number[] = [];
  const steps: string[] = ['(from here on nothing goes wrong any more)'];
  /** By label: when a step had its turn last. The one that has waited longest goes first. */
  const turns = new Map<string, number>();
  let now = model.calm(world);
  for (let turn = 0; turn < MAX_CALM_STEPS; turn += 1) {
    const key = intern(now);
    // What breaks on this way is left to the exploration, which finds the shortest way there.
    if (converging.has(key) || model.isGoal(now) || now.broken !== null) {
      for (const each of [...path, key]) converging.add(each);
      return null;
    }
    path.push(key);
    const moves = model.steps(now).filter((move) => intern(move.world) !== key);
    const [first] = moves.sort((a, b) => (turns.get(a.label) ?? -1) - (turns.get(b.label) ?? -1));
    if (first === undefined) return { what: 'deadlock: nothing can go on, and this is not the end', steps };
    turns.set(first.label, turn);
    steps.push(first.label);
    now = first.world;
  }
  return { what: `no convergence within ${MAX_CALM_STEPS} fair steps`, steps: steps.slice(0, 40) };
}

/** For people. */
export function inWords({ what, steps }: Counterexample): string {
  return [`${what}, after ${steps.length} steps:`, ...steps.map((step, at) => `  ${at + 1}. ${step}`)].join(
    '\n',
  );
}
