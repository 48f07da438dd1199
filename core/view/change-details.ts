/** What a commit did to each resource, in words for the history; a pool tells of its backends, too. Pure. */
import type { Difference } from '../model/difference.ts';
import { completePolicy } from '../model/draft.ts';
import type { Resource } from '../model/resources.ts';
import { changedFields, resourceFields } from './difference.ts';

/** One changed resource; `after` is left out where it was deleted, `before` where it was created. */
export interface ResourceChange extends Pick<Difference, 'action' | 'kind' | 'name'> {
  readonly before?: Resource;
  readonly after?: Resource;
}

export interface ChangedResource extends Pick<Difference, 'action' | 'kind' | 'name'> {
  /** Such as `strategy round_robin → random`, `10.0.0.1:80: weight 1 → 3`, `backends: 10.0.0.9:80 added`. */
  readonly details: readonly string[];
}

const MAX_RESOURCES = 20;
const MAX_DETAILS = 10;
/** Backends that are named in one line; the others are counted. */
const MAX_NAMED = 3;

interface Told extends ChangedResource {
  action: Difference['action'];
  readonly details: string[];
  readonly added: string[];
  readonly removed: string[];
}

export function changeDetails(changes: readonly ResourceChange[]): ChangedResource[] {
  const told = new Map<string, Told>();
  for (const change of changes) {
    const kind = change.kind === 'backend' ? 'pool' : change.kind;
    const name = change.kind === 'backend' ? change.name.slice(0, change.name.indexOf('/')) : change.name;
    const key = `${kind}/${name}`;
    const entry = told.get(key) ?? { action: 'updated', kind, name, details: [], added: [], removed: [] };
    told.set(key, entry);
    if (change.kind !== 'backend') entry.action = change.action;
    tell(change, entry);
  }
  return [...told.values()].slice(0, MAX_RESOURCES).map(summarize);
}

function tell(change: ResourceChange, { details, added, removed }: Told): void {
  const { action, kind, name, before, after } = change;
  if (kind !== 'backend') {
    details.push(...words(change));
    return;
  }
  const address = name.slice(name.indexOf('/') + 1);
  if (action === 'created') added.push(address);
  else if (action === 'deleted') removed.push(address);
  else {
    const fields = changedFields(before, after).map(({ field, before: old, after: now }) =>
      // Of a backend, only what is 0 is left out.
      field === 'state' ? `${old} → ${now}` : `${field} ${old ?? 0} → ${now ?? 0}`,
    );
    if (fields.length > 0) details.push(`${address}: ${fields.join(', ')}`);
  }
}

/** What comes or goes with the type of a check, or with a policy, is not told where it has its default. */
function words({ action, before, after }: ResourceChange): string[] {
  if (after === undefined) return [];
  const [impliedBefore, implied] = [impliedFields(before), impliedFields(after)];
  const fields = changedFields(before, after).filter(({ field, before: old, after: now }) =>
    old === null ? implied.get(field) !== now : now !== null || impliedBefore.get(field) !== old,
  );
  return fields.map(({ field, before: old, after: now }) =>
    action === 'created' ? `${field} ${now}` : `${field} ${old ?? 'default'} → ${now ?? 'default'}`,
  );
}

/** What a policy has that says nothing but its name and the type of its check. */
function impliedFields(resource: Resource | undefined): Map<string, string> {
  if (resource?.kind !== 'policy') return new Map();
  const { name, healthCheck } = resource.value;
  return resourceFields({
    kind: 'policy',
    value: completePolicy({ name, healthCheck: { type: healthCheck.type } }),
  });
}

function summarize({ action, kind, name, details, added, removed }: Told): ChangedResource {
  if (action === 'deleted') return { action, kind, name, details: [] };
  const lines = [
    ...(added.length > 0 ? [`backends: ${listed(added)} added`] : []),
    ...(removed.length > 0 ? [`backends: ${listed(removed)} removed`] : []),
    ...details,
  ];
  const more = lines.length - MAX_DETAILS;
  const shown = more > 0 ? [...lines.slice(0, MAX_DETAILS - 1), `and ${more + 1} more`] : lines;
  return { action, kind, name, details: shown };
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return names.slice(0, MAX_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
