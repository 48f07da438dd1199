/** What a change does to each resource, field by field, for the page. Pure. */
import { formatDuration } from '../../core/model/duration.ts';
import type { Revised } from '../../core/model/difference.ts';
import { differenceFromWire } from '../../core/wire/change-codec.ts';
import type { ResourceChange__Output } from '../../core/wire/generated/lb/v1/ResourceChange.ts';

export interface ChangeRow {
  readonly action: string;
  readonly kind: string;
  readonly name: string;
  readonly fields: readonly FieldRow[];
}

export interface FieldRow {
  readonly field: string;
  /** Null: the resource did not exist. */
  readonly before: string | null;
  readonly after: string | null;
}

/** Fields that are part of the resource's name already. */
const NAMES = ['name', 'pool', 'address'];

export function changeRows(changes: readonly ResourceChange__Output[]): readonly ChangeRow[] {
  return changes.map((change) => {
    const difference = differenceFromWire(change, []);
    const before = fieldsOf(difference?.before);
    const after = fieldsOf(difference?.after);
    const fields = [...new Set([...before.keys(), ...after.keys()])]
      .map((field) => ({ field, before: before.get(field) ?? null, after: after.get(field) ?? null }))
      .filter((row) => row.before !== row.after);
    return { action: difference?.action ?? 'changed', kind: change.kind, name: change.name, fields };
  });
}

function fieldsOf(revised: Revised | undefined): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (revised === undefined) return fields;
  const { kind, value } = revised.resource;
  const skipped = kind === 'listener' ? ['name'] : NAMES;
  flatten(Object.fromEntries(Object.entries(value).filter(([name]) => !skipped.includes(name))), '', fields);
  return fields;
}

/** `{connect: {timeoutMs: 5000}}` as `connect.timeout` → `5s`. */
function flatten(value: object, prefix: string, fields: Map<string, string>): void {
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'object' && inner !== null) flatten(inner, `${prefix}${wireName(name)}.`, fields);
    else if (name.endsWith('Ms')) {
      fields.set(`${prefix}${wireName(name.slice(0, -2))}`, formatDuration(Number(inner)));
    } else fields.set(`${prefix}${wireName(name)}`, String(inner));
  }
}

function wireName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
