/** ConfigService: GetRevision, DiffRevisions and Rollback, which all read the log. */
import { describeChanges } from '../../core/model/difference.ts';
import type { Edit } from '../../core/model/edits/edit.ts';
import { refuse } from '../../core/model/edits/decide.ts';
import { rollbackTo } from '../../core/model/edits/rollback.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { differenceToWire } from '../../core/wire/change-codec.ts';
import { wordToWire } from '../../core/wire/enum-codec.ts';
import type { ConfigServiceHandlers } from '../../core/wire/generated/lb/v1/ConfigService.ts';
import type { Revision } from '../../core/wire/generated/lb/v1/Revision.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import type { RevisionRecord } from '../store/log/revision-recorder.ts';
import type { RevisionReader } from '../store/log/revision-reader.ts';
import type { ApiDeps } from './api-deps.ts';

type Handlers = Pick<ConfigServiceHandlers, 'GetRevision' | 'DiffRevisions' | 'Rollback'>;

export function revisionHandlers({ unary, change, revisions }: ApiDeps): Handlers {
  return {
    GetRevision: unary(async ({ revision }) => {
      const { record, before, after } = await revisions.commitAt(Number(revision));
      const changes = describeChanges(before, after).map(differenceToWire);
      return { revision: revisionToWire(record), changes };
    }),
    DiffRevisions: unary(async ({ fromRevision, toRevision }) => {
      const before = await revisions.stateAt(Number(fromRevision));
      const after = await revisions.stateAt(Number(toRevision));
      return { changes: describeChanges(before, after).map(differenceToWire) };
    }),
    Rollback: unary(async (request, call) => {
      const edit = await rollbackEdit(revisions, Number(request.revision));
      const message = request.message || `rollback to revision ${request.revision}`;
      return change('Rollback', { ...request, message }, call, () => edit);
    }),
  };
}

/**
 * A revision that is no longer kept is refused by the edit, not here: the repetition of a request that succeeded while the
 * revision was still kept must get the first outcome.
 */
async function rollbackEdit(revisions: RevisionReader, revision: number): Promise<Edit> {
  try {
    return rollbackTo(await revisions.stateAt(revision));
  } catch (error) {
    if (!(error instanceof LbError && error.code === 'NOT_FOUND')) throw error;
    const { message } = error;
    return () => refuse('NOT_FOUND', message);
  }
}

export function revisionToWire(record: RevisionRecord): Revision {
  const { revision, hash, timeMs, author, message, requestId, changes, resources } = record;
  return {
    revision: String(revision),
    time: timestampToWire(timeMs),
    author,
    message,
    requestId,
    hash,
    changes: changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`),
    resources: resources.map(({ action, kind, name, details }) => ({
      action: wordToWire('ACTION', action),
      kind,
      name,
      details: [...details],
    })),
  };
}
