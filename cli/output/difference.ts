/** What a commit changed, or would change, field by field: `-` before, `+` after, as in a unified diff. */
import type { Resource } from '../../core/model/resources.ts';
import type { Resource__Output } from '../../core/wire/generated/lb/v1/Resource.ts';
import type { ResourceChange__Output } from '../../core/wire/generated/lb/v1/ResourceChange.ts';
import { resourceFromWire } from '../../core/wire/resource-codec.ts';
import { type Plain, toPlain } from '../manifest/print.ts';
import { BACKEND, SHAPES } from '../manifest/shape.ts';
import type { Style } from './style.ts';
import { printable } from './table.ts';

type Action = 'created' | 'updated' | 'deleted';

/** The value that JSON and YAML show. */
export function changePlain(change: ResourceChange__Output): Plain {
  const { kind, name, before, after } = change;
  return { action: actionOf(change), kind, name, before: plainOf(before), after: plainOf(after) };
}

/** Lines for people, one block a resource. */
export function differenceText(changes: readonly ResourceChange__Output[], style: Style): string {
  return changes.flatMap((change) => blockOf(change, style).map((line) => `${line}\n`)).join('');
}

function blockOf(change: ResourceChange__Output, style: Style): string[] {
  const action = actionOf(change);
  const before = flatten(plainOf(change.before));
  const after = flatten(plainOf(change.after));
  const lines = [style('strong', `${SIGNS[action]} ${change.kind} ${printable(change.name)} (${action})`)];
  for (const field of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(field), after.get(field)];
    if (old === now) continue;
    if (old !== undefined) lines.push(style('bad', `-   ${field}: ${old}`));
    if (now !== undefined) lines.push(style('good', `+   ${field}: ${now}`));
  }
  return lines;
}

const SIGNS: Readonly<Record<Action, string>> = { created: '+', updated: '~', deleted: '-' };

function actionOf({ action, before, after }: ResourceChange__Output): Action {
  if (action === 'ACTION_CREATED') return 'created';
  if (action === 'ACTION_DELETED') return 'deleted';
  if (action === 'ACTION_UPDATED' || (before && after)) return 'updated';
  return before ? 'deleted' : 'created';
}

function plainOf(wire: Resource__Output | null): Plain | null {
  const resource = wire ? resourceFromWire(wire, '', []) : undefined;
  return resource ? plainResource(resource) : null;
}

function plainResource(resource: Resource): Plain {
  if (resource.kind !== 'backend') return toPlain(resource.value, SHAPES[resource.kind].shape);
  return { pool: resource.value.pool, ...toPlain(resource.value, BACKEND) };
}

/** `{connect: {retries: 2}}` as `connect.retries` → `2`. The name stands in the block's first line. */
function flatten(plain: Plain | null, prefix = ''): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(plain ?? {})) {
    if (prefix === '' && (name === 'name' || (name === 'address' && 'weight' in (plain ?? {})))) continue;
    if (typeof value === 'object' && value !== null) {
      for (const [inner, text] of flatten(value as Plain, `${prefix}${name}.`)) fields.set(inner, text);
    } else fields.set(`${prefix}${name}`, printable(String(value)));
  }
  return fields;
}
