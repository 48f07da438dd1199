/** What a change does to each resource, field by field. Pure. */
import type { Difference } from '../model/difference.ts';
import type { Resource } from '../model/resources.ts';
import { differenceFromWire } from '../wire/change-codec.ts';
import type { ResourceChange__Output } from '../wire/generated/lb/v1/ResourceChange.ts';
import { fieldsOf, type Plain, plainOf } from './plain.ts';

export interface ChangeView {
  /** Null: it comes from a newer control plane, and this program can't tell. */
  readonly action: Difference['action'] | null;
  readonly kind: string;
  readonly name: string;
  /** The whole resource; null when there was none, or will be none. */
  readonly before: Plain | null;
  readonly after: Plain | null;
  /** Those that differ; the one that names the resource is left out. */
  readonly fields: readonly FieldChange[];
}

interface FieldChange {
  /** `health_check.interval` */
  readonly field: string;
  /** Null: there was none. */
  readonly before: string | null;
  readonly after: string | null;
}

export function changeView(change: ResourceChange__Output): ChangeView {
  const { kind, name } = change;
  const difference = differenceFromWire(change, []);
  const before = difference?.before ? resourcePlain(difference.before.resource) : null;
  const after = difference?.after ? resourcePlain(difference.after.resource) : null;
  const fields = changedFields(difference?.before?.resource, difference?.after?.resource);
  return { action: difference?.action ?? null, kind, name, before, after, fields };
}

/** The fields that differ between two states of one resource, without the one that names it. */
export function changedFields(before: Resource | undefined, after: Resource | undefined): FieldChange[] {
  const [old, now] = [resourceFields(before), resourceFields(after)];
  const naming = (after ?? before)?.kind === 'backend' ? 'address' : 'name';
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter((field) => field !== naming)
    .map((field) => ({ field, before: old.get(field) ?? null, after: now.get(field) ?? null }))
    .filter((row) => row.before !== row.after);
}

/** What each field of a resource says; nothing where there is none. */
export function resourceFields(resource: Resource | undefined): Map<string, string> {
  return fieldsOf(resource ? resourcePlain(resource) : {});
}

/** The fields that name the resource come first. */
function resourcePlain({ kind, value }: Resource): Plain {
  if (kind === 'backend') {
    const { pool, address, ...rest } = value;
    return plainOf({ pool, address, ...rest });
  }
  const { name, ...rest } = value;
  return plainOf({ name, ...rest });
}
