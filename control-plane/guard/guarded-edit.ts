/**
 * An edit that the guard checks. The check is repeated whenever the edit is, so it sees the state that the commit builds
 * on.
 */
import type { Edit } from '../../core/model/edits/edit.ts';
import { refuse } from '../../core/model/edits/decide.ts';
import { applyChanges } from '../../core/model/fold.ts';
import type { State } from '../../core/model/state.ts';
import { type Violation, violationText } from '../../core/model/violation.ts';
import { activeIn, type RecentMost } from '../store/log/active-backend-history.ts';
import { type Effects, effectsOf } from './change-effects.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { guard } from './guard.ts';

export interface GuardSources {
  /** Read at each decision. */
  readonly fleet: () => FleetFacts;
  /** The most active backends that a pool had in its configuration in the last ten minutes; null: unknown. */
  readonly recentMost: (pool: string) => RecentMost | null;
  /** The state that proxies run: with the backends that registered themselves. */
  readonly withRegistered: (state: State) => State;
}

export interface GuardOptions {
  readonly force: boolean;
  /** A dry run is not refused; it reports what would be. */
  readonly dryRun: boolean;
}

/** The result of the last check, for the answer to the caller. */
export interface Findings {
  /** What the guard refuses, or would have refused. */
  readonly refused: readonly Violation[];
  /** The guard may allow the change in a moment. */
  readonly mayPass: boolean;
  readonly notes: readonly string[];
  /** Filled in dry runs only. */
  readonly effects: Effects;
}

const NOTHING: Findings = {
  refused: [],
  mayPass: false,
  notes: [],
  effects: { poolEffects: [], listenerEffects: [] },
};

export class GuardedEdit {
  readonly edit: Edit;
  #findings: Findings = NOTHING;

  constructor(edit: Edit, sources: GuardSources, { force, dryRun }: GuardOptions) {
    this.edit = (before) => {
      this.#findings = NOTHING;
      const result = edit(before);
      if (!result.ok || result.changes.length === 0) return result;
      const fleet = sources.fleet();
      const now = sources.withRegistered(before);
      const after = sources.withRegistered(applyChanges(before, result.changes, before.head.revision + 1));
      const recentMost = (pool: string) => recentMostOf(pool, before, now, sources);
      const { violations, mayPass, notes } = guard({ before: now, after, recentMost, fleet });
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

/**
 * What it has now counts, too: this replica may not have read the newest commit of its own batch. The backends that are
 * registered now are added, because it is not known how many were registered then.
 */
function recentMostOf(pool: string, configured: State, running: State, sources: GuardSources): RecentMost {
  const [own, all] = [configured, running].map(({ pools }) => activeIn(pools.get(pool))) as [number, number];
  const { active, complete } = sources.recentMost(pool) ?? { active: own, complete: false };
  return { active: Math.max(active, own) + all - own, complete };
}

function refusal(violations: readonly Violation[]): string {
  const [first, ...others] = violations;
  const what =
    first !== undefined && others.length === 0
      ? violationText(first)
      : `it found ${violations.length} problems`;
  return `The guard refused this change, and nothing was changed: ${what}. Use force (lbctl: --force) to override the guard.`;
}
