/**
 * ConfigService: Apply, Export and ListRevisions. Methods for single revisions are in revisions.ts, the two streams in
 * watch-config.ts and wait-converged.ts.
 */
import type { ResourceDraft } from '../../core/model/draft.ts';
import { applyResources } from '../../core/model/edits/apply.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { ApplyRequest__Output } from '../../core/wire/generated/lb/v1/ApplyRequest.ts';
import type { ConfigServiceHandlers } from '../../core/wire/generated/lb/v1/ConfigService.ts';
import type { ListRevisionsRequest__Output } from '../../core/wire/generated/lb/v1/ListRevisionsRequest.ts';
import type { Revision } from '../../core/wire/generated/lb/v1/Revision.ts';
import { resourceDraftFromWire } from '../../core/wire/resource-codec.ts';
import { positionToWire } from '../../core/wire/snapshot-codec.ts';
import { throwIfInvalid } from '../../core/runtime/request-violations.ts';
import type { ApiDeps } from './api-deps.ts';
import { adoptStore } from './adopt-store.ts';
import { readState } from './read-state.ts';
import { revisionHandlers, revisionToWire } from './revisions.ts';
import { stateToWire } from './stored-codec.ts';
import { waitConverged } from './wait-converged.ts';
import { watch } from './watch-config.ts';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1_000;
const MAX_PAGE_BYTES = 4 * 1_024 * 1_024;

export function configHandlers(deps: ApiDeps): ConfigServiceHandlers {
  const { unary, change, follower, revisions } = deps;
  return {
    Apply: unary((request, call) =>
      change('Apply', request, call, (violations) => {
        const { prune, expectedRevision } = request;
        const drafts = readDrafts(request, violations);
        return applyResources(drafts, {
          prune,
          ...(expectedRevision !== undefined && { expectedRevision: Number(expectedRevision) }),
        });
      }),
    ),
    AdoptStore: adoptStore(deps),
    Export: unary(async (_request, call) => {
      const { state, position } = await readState(call, follower);
      return { resources: stateToWire(state), position: positionToWire(position) };
    }),
    ListRevisions: unary(async (request, call) => {
      const { size, before } = readPage(request);
      const { stale } = await readState(call, follower);
      // One more than requested shows whether there is a next page.
      const found = stale ? follower.revisions(size + 1, before) : await revisions.list(size + 1, before);
      const page = withinMessage(found.slice(0, size).map(revisionToWire));
      const more = found.length > page.length;
      return { revisions: page, nextPageToken: more ? String(page.at(-1)?.revision) : '' };
    }),
    ...revisionHandlers(deps),
    Watch: (call) => watch(deps, call),
    WaitConverged: (call) => waitConverged(deps, call),
  };
}

function readDrafts(request: ApplyRequest__Output, violations: Violation[]): ResourceDraft[] {
  const drafts: ResourceDraft[] = [];
  for (const [index, wire] of request.resources.entries()) {
    const at = `resources[${index}]`;
    const draft = resourceDraftFromWire(wire, at, violations);
    if (draft) drafts.push(draft);
  }
  return drafts;
}

/** As many as fit, and at least one. */
function withinMessage(revisions: readonly Revision[]): Revision[] {
  let bytes = 0;
  const end = revisions.findIndex((revision, index) => {
    bytes += JSON.stringify(revision).length;
    return index > 0 && bytes > MAX_PAGE_BYTES;
  });
  return revisions.slice(0, end === -1 ? undefined : end);
}

function readPage({ pageSize, pageToken }: ListRevisionsRequest__Output): { size: number; before?: number } {
  const violations: Violation[] = [];
  if (pageSize < 0 || pageSize > MAX_PAGE_SIZE) {
    const description = `is ${pageSize}; it must be 1 to ${MAX_PAGE_SIZE}, or 0 for the default of ${DEFAULT_PAGE_SIZE}`;
    violations.push({ field: 'page_size', description });
  }
  if (!/^\d{0,15}$/.test(pageToken)) {
    const description =
      'was not issued by this server; use next_page_token of the previous page, or leave it out';
    violations.push({ field: 'page_token', description });
  }
  throwIfInvalid(violations);
  return { size: pageSize || DEFAULT_PAGE_SIZE, ...(pageToken !== '' && { before: Number(pageToken) }) };
}
