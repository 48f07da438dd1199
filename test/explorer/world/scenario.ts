/** What is the same in every explored world: one store, what is in it at first, and three changes that clients ask for. */
import type { Proposal } from '../../../control-plane/store/log/proposal.ts';
import type { Change, Commit } from '../../../core/model/commit.ts';
import type { Edit } from '../../../core/model/edits/edit.ts';
import { applyCommit, applyCommits, emptyState } from '../../../core/model/fold.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import { commitOn } from '../../../harness/state.ts';
import { buildSnapshot } from '../../../control-plane/snapshot/build-snapshot.ts';

export const STORE_ID = 'store';
const BACKENDS = ['10.0.0.1:80', '10.0.0.2:80'];

/** Both backends at once: a snapshot in which they differ is a mixture. */
function setWeights(weight: number): readonly Change[] {
  return BACKENDS.map((address) => ({
    op: 'put',
    resource: { kind: 'backend', value: { pool: 'web', address, weight, state: 'active' } },
  }));
}

function ask(requestId: string, edit: Edit): Proposal {
  const rest = { author: 'client', message: '', dryRun: false, deadlineMs: 10_000 };
  return { requestId, requestDigest: `digest of ${requestId}`, edit, ...rest };
}

/** The third one is refused as long as nothing else was changed. */
export const PROPOSALS: readonly Proposal[] = [
  ask('change 1', () => ({ ok: true, changes: setWeights(2) })),
  ask('change 2', () => ({ ok: true, changes: setWeights(3) })),
  ask('change 3', (state) =>
    state.pools.get('web')?.backends.get('10.0.0.1:80')?.value.weight === 1
      ? { ok: false, refusal: { code: 'FAILED_PRECONDITION', message: 'not yet', violations: [] } }
      : { ok: true, changes: setWeights(4) },
  ),
];

/** The replica that each change is asked of first. */
export const HOMES: readonly number[] = [0, 1, 0];

export const REPLICA_NAMES = ['A', 'B'] as const;

const empty = emptyState(STORE_ID);

const POOL: Change = { op: 'put', resource: { kind: 'pool', value: { name: 'web', policy: 'default' } } };

export const FIRST_COMMIT = commitOn(empty, [POOL, ...setWeights(1)], 'first');

const FIRST_STATE = applyCommit(empty, FIRST_COMMIT);
const FIRST_POSITION = { ...FIRST_STATE.head, version: 2 };
export const FIRST_SNAPSHOT: Snapshot = buildSnapshot(FIRST_STATE, FIRST_POSITION);

const trueHashes = new Map<string, string>();

/** The hash of what `log` says at its end, made anew: never by plan of a delta. */
export function trueSnapshotHash(log: readonly Commit[]): string {
  const head = log.at(-1)?.hash ?? '';
  let hash = trueHashes.get(head);
  if (hash === undefined) {
    const state = applyCommits(empty, log);
    hash = buildSnapshot(state, { ...state.head, version: 0 }).hash;
    trueHashes.set(head, hash);
  }
  return hash;
}
