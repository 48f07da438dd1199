/**
 * What all changing methods share: the five fields of change.proto, and the way from a request to a commit.
 *
 * Invariant: nothing is proposed while anything about the request itself is wrong; all of that is said at once.
 */
import { randomUUID } from 'node:crypto';
import type { Edit } from '../../core/model/edit.ts';
import { requestDigest } from '../../core/model/hash.ts';
import type { Violation } from '../../core/model/violation.ts';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { differenceToWire } from '../../core/wire/change-codec.ts';
import type { ChangeResult } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { type Findings, GuardedEdit, type GuardSources } from '../guard/guarded-edit.ts';
import type { UnaryCall } from '../rpc/unary.ts';
import { refuseIfAny } from '../rpc/request-violations.ts';
import type { Committer } from '../store/log/committer.ts';

/** In every changing request. */
export interface ChangeFields {
  readonly requestId: string;
  readonly author: string;
  readonly message: string;
  readonly dryRun: boolean;
  /** Overrules the guard. */
  readonly force: boolean;
}

const MAX_LENGTH = { requestId: 64, author: 200, message: 1_000 } as const;
const PATHS = { requestId: 'request_id', author: 'author', message: 'message' } as const;

/**
 * Commits what a request asks for. `read` makes the edit and adds whatever is wrong with the request itself to
 * `violations`; its edit is not used then, so there need be none.
 */
export type MakeChange = <Request extends ChangeFields>(
  method: string,
  request: Request,
  call: UnaryCall,
  read: (violations: Violation[]) => Edit | null,
) => Promise<ChangeResult>;

/** How long a change that needs health which proxies are just finding out waits for it: `add B`, then `drain A`. */
const PATIENCE_MS = 2_000;
const LOOK_AGAIN_MS = 50;

export interface ChangeDeps {
  readonly committer: Committer;
  readonly guard: GuardSources;
  readonly clock: Clock;
}

export function makeChangeWith({ committer, guard, clock }: ChangeDeps): MakeChange {
  return async (method, request, call, read) => {
    const violations: Violation[] = [];
    const edit = read(violations);
    for (const field of ['requestId', 'author', 'message'] as const) {
      const max = MAX_LENGTH[field];
      if (request[field].length <= max) continue;
      const description = `has ${request[field].length} characters; ${max} are allowed`;
      violations.push({ field: PATHS[field], description });
    }
    refuseIfAny(violations);
    if (edit === null) throw new TypeError(`${method} read no edit and found nothing wrong`);
    const { requestId: given, ...asked } = request;
    const requestId = given || randomUUID();
    const guarded = new GuardedEdit(edit, guard, request);
    const propose = () =>
      committer.propose({
        edit: guarded.edit,
        requestId,
        requestDigest: requestDigest(method, asked),
        author: request.author,
        message: request.message,
        dryRun: request.dryRun,
        deadlineMs: call.remainingMs(),
      });
    const outcome = await patiently(propose, guarded, clock);
    return {
      revision: String(outcome.revision),
      unchanged: outcome.unchanged,
      dryRun: outcome.dryRun,
      repeatedRequest: outcome.repeated,
      changes: outcome.changes.map(differenceToWire),
      ...findingsToWire(guarded.findings),
      notes: [...outcome.notes, ...guarded.findings.notes],
    };
  };
}

/** Proposes again for a while as long as only health that is not known yet stands against it. */
async function patiently<T>(propose: () => Promise<T>, guarded: GuardedEdit, clock: Clock): Promise<T> {
  const until = clock.nowMs() + PATIENCE_MS;
  for (;;) {
    try {
      return await propose();
    } catch (error) {
      const isRefused = error instanceof LbError && error.code === 'FAILED_PRECONDITION';
      if (!isRefused || !guarded.findings.mayPass || clock.nowMs() >= until) throw error;
      await sleep(clock, LOOK_AGAIN_MS);
    }
  }
}

function findingsToWire({ refused, effects }: Findings): Partial<ChangeResult> {
  return {
    guardRefusals: [...refused],
    poolEffects: effects.pools.map(({ backends, ...effect }) => ({ ...effect, backends: [...backends] })),
    listenerEffects: [...effects.listeners],
  };
}

/** A name, or another text, that must be in the request. */
export function requiredName(field: string, value: string, violations: Violation[]): void {
  if (value === '') violations.push({ field, description: 'is missing' });
}

/** A list that must not be empty. */
export function requiredItems(field: string, items: readonly unknown[], violations: Violation[]): void {
  if (items.length === 0) violations.push({ field, description: 'is empty: name at least one' });
}

/** A message that must be in the request. */
export function required<T>(field: string, value: T | null, violations: Violation[]): T | null {
  if (value === null) violations.push({ field, description: 'is missing' });
  return value;
}

/** The revision that a caller expects: 0 on the wire means any. */
export function expected(revision: string): number | undefined {
  return revision === '0' ? undefined : Number(revision);
}
