/**
 * An edit with the guard in front of it. Decided anew whenever the edit is, so on the very state that the commit
 * builds on.
 */
import type { Edit } from '../../core/model/edit.ts';
import { refuse } from '../../core/model/edits/decide.ts';
import { applyChanges } from '../../core/model/fold.ts';
import type { State } from '../../core/model/state.ts';
import type { Violation } from '../../core/model/violation.ts';
import { activeIn, type EarlierCount } from '../store/log/active-history.ts';
import { type Effects, effectsOf } from './change-effects.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { guard } from './guard.ts';

export interface GuardSources {
  /** Read at each decision. */
  readonly fleet: () => FleetFacts;
  /** How many active backends were configured in a pool ten minutes ago; null: nothing is known of it. */
  readonly earlier: (pool: string) => EarlierCount | null;
  /** A state as proxies run it: with the backends that registered themselves. */
  readonly whole: (state: State) => State;
}

export interface GuardOptions {
  readonly force: boolean;
  /** A dry run tells what would be refused, instead of being refused. */
  readonly dryRun: boolean;
}

/** What the last decision found; for the answer, once the outcome is known. */
export interface Findings {
  /** What the guard refuses, or would have refused. */
  readonly refused: readonly Violation[];
  /** In a moment it may not refuse any more. */
  readonly mayPass: boolean;
  readonly notes: readonly string[];
  /** Of a dry run only. */
  readonly effects: Effects;
}

const NOTHING: Findings = { refused: [], mayPass: false, notes: [], effects: { pools: [], listeners: [] } };

export class GuardedEdit {
  readonly edit: Edit;
  #findings: Findings = NOTHING;

  constructor(edit: Edit, sources: GuardSources, { force, dryRun }: GuardOptions) {
    this.edit = (before) => {
      this.#findings = NOTHING;
      const result = edit(before);
      if (!result.ok || result.changes.length === 0) return result;
      const fleet = sources.fleet();
      const now = sources.whole(before);
      const after = sources.whole(applyChanges(before, result.changes, before.head.revision + 1));
      const earlier = (pool: string) => earlierOf(pool, before, now, sources);
      const { violations, mayPass, notes } = guard({ before: now, after, earlier, fleet });
      this.#findings = {
        refused: violations,
        mayPass,
        notes,
        effects: dryRun ? effectsOf(now, after, fleet) : NOTHING.effects,
      };
      if (violations.length === 0 || force || dryRun) return result;
      return refuse('FAILED_PRECONDITION', refusal(violations), violations);
    };
  }

  get findings(): Findings {
    return this.#findings;
  }
}

/** With the registered backends of now: of those, nothing earlier is known. */
function earlierOf(pool: string, configured: State, whole: State, { earlier }: GuardSources): EarlierCount {
  const [ours, all] = [configured, whole].map(({ pools }) => activeIn(pools.get(pool))) as [number, number];
  const { active, asOfThen } = earlier(pool) ?? { active: ours, asOfThen: false };
  return { active: active + all - ours, asOfThen };
}

function refusal(violations: readonly Violation[]): string {
  const [first, ...others] = violations;
  const what =
    first !== undefined && others.length === 0
      ? `${first.field} ${first.description}`
      : `${violations.length} things would be taken down`;
  return `The guard refused this, and nothing was changed: ${what}; force it (lbctl: --force) if that is meant.`;
}
