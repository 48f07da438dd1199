/**
 * What all changing methods share: the five fields of change.proto, and how a request becomes a commit.
 *
 * Invariant: nothing is proposed while the request itself has a violation; all of them are reported at once, with those
 * that its edit has now. A large change takes several turns of the event loop, between which others are answered.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Edit } from '../../core/model/edits/edit.ts';
import { refuseBoth, refuseInvalid } from '../../core/model/edits/decide.ts';
import { requestDigest } from '../../core/model/hash.ts';
import { MAX_LENGTH, validateLength } from '../../core/model/limits.ts';
import type { State } from '../../core/model/state.ts';
import type { Violation } from '../../core/model/violation.ts';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { differenceToWire } from '../../core/wire/change-codec.ts';
import type { ChangeResult } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { GuardedEdit, type GuardSources } from '../guard/guarded-edit.ts';
import type { UnaryCall } from '../rpc/unary.ts';
import type { Committer } from '../store/log/committer.ts';

/** The fields that every changing request has. */
export interface ChangeFields {
  readonly requestId: string;
  readonly author: string;
  readonly message: string;
  readonly dryRun: boolean;
  /** Overrides the guard. */
  readonly force: boolean;
}

const TEXTS = [
  ['requestId', 'request_id'],
  ['author', 'author'],
  ['message', 'message'],
] as const;

/**
 * Commits what a request asks for. `read` returns the edit, and adds whatever is wrong with the request itself to
 * `violations`; in that case the edit is not used and may be null.
 */
export type MakeChange = <Request extends ChangeFields>(
  method: string,
  request: Request,
  call: UnaryCall,
  read: (violations: Violation[]) => Edit | null,
) => Promise<ChangeResult>;

/** How long a change waits for proxies to report the health of new backends, as in `add B`, then `drain A`. */
const HEALTH_WAIT_MS = 2_000;
const RETRY_MS = 50;

export interface ChangeDeps {
  /** The state in memory; null before the first read. */
  readonly current: () => State | null;
  readonly committer: Committer;
  readonly guard: GuardSources;
  readonly clock: Clock;
}

export function makeChangeWith({ current, committer, guard, clock }: ChangeDeps): MakeChange {
  return async (method, request, call, read) => {
    const violations: Violation[] = [];
    const edit = read(violations);
    await setImmediate();
    for (const [name, field] of TEXTS)
      violations.push(...validateLength(field, request[name], MAX_LENGTH[name]));
    if (violations.length > 0) throw refusalOf(violations, edit, current());
    if (edit === null) throw new TypeError(`${method} returned neither an edit nor a violation`);
    const { requestId: given, ...rest } = request;
    const requestId = given || randomUUID();
    const guarded = new GuardedEdit(edit, guard, request);
    const propose = () =>
      committer.propose({
        edit: guarded.edit,
        requestId,
        requestDigest: requestDigest(method, rest),
        author: request.author,
        message: request.message,
        dryRun: request.dryRun,
        deadlineMs: call.remainingMs(),
      });
    const outcome = await proposeUntilHealthKnown(propose, guarded, clock);
    await setImmediate();
    return {
      revision: String(outcome.revision),
      unchanged: outcome.unchanged,
      dryRun: outcome.dryRun,
      repeatedRequest: outcome.repeated,
      changes: outcome.changes.map(differenceToWire),
      guardRefusals: [...guarded.findings.refused],
      ...guarded.findings.effects,
      notes: [...outcome.notes, ...guarded.findings.notes],
    };
  };
}

/** What is wrong with the request itself, and with what it asks for. */
function refusalOf(violations: readonly Violation[], edit: Edit | null, state: State | null): LbError {
  const own = refuseInvalid(violations);
  const both = edit === null || state === null ? own : refuseBoth(own, edit(state));
  const { refusal } = both.ok ? own : both;
  return new LbError(refusal.code, refusal.message, refusal.violations);
}

/** Retries for a while as long as the guard refuses only because some health is not known yet. */
async function proposeUntilHealthKnown<T>(
  propose: () => Promise<T>,
  guarded: GuardedEdit,
  clock: Clock,
): Promise<T> {
  const until = clock.nowMs() + HEALTH_WAIT_MS;
  for (;;) {
    try {
      return await propose();
    } catch (error) {
      const isRefused = error instanceof LbError && error.code === 'FAILED_PRECONDITION';
      if (!isRefused || !guarded.findings.mayPass || clock.nowMs() >= until) throw error;
      await sleep(clock, RETRY_MS);
    }
  }
}

/** The revision that a caller expects; 0 on the wire means any. */
export function expectedRevision(revision: string): number | undefined {
  return revision === '0' ? undefined : Number(revision);
}
