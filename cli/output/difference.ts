/** What a commit changed, or would change, field by field: `-` before, `+` after, as in a unified diff. */
import type { Difference, Revised } from '../../core/model/difference.ts';
import { differenceFromWire } from '../../core/wire/change-codec.ts';
import type { ResourceChange__Output } from '../../core/wire/generated/lb/v1/ResourceChange.ts';
import type { Context } from '../context.ts';
import { type Plain, toPlain } from '../manifest/print.ts';
import { BACKEND, SHAPES } from '../manifest/shape.ts';
import { emitStructured } from './emit.ts';
import type { Style } from './style.ts';
import { printable } from './table.ts';

const SIGNS: Readonly<Record<Difference['action'], string>> = { created: '+', updated: '~', deleted: '-' };

/** The value that JSON and YAML show. */
export function changePlain(change: ResourceChange__Output): Plain {
  const { kind, name } = change;
  const difference = differenceFromWire(change, []);
  const [before, after] = [plainOf(difference?.before), plainOf(difference?.after)];
  return { action: difference?.action ?? 'unknown', kind, name, before, after };
}

/** In the format that was asked for. */
export function printDifference(context: Context, changes: readonly ResourceChange__Output[]): void {
  if (emitStructured(context, changes.map(changePlain))) return;
  if (context.format === 'name') {
    for (const { kind, name } of changes) context.stdout.write(`${kind}/${name}\n`);
  } else context.stdout.write(differenceText(changes, context.style));
}

/** Lines for people, one block a resource. */
export function differenceText(changes: readonly ResourceChange__Output[], style: Style): string {
  return changes.flatMap((change) => blockOf(change, style).map((line) => `${line}\n`)).join('');
}

function blockOf(change: ResourceChange__Output, style: Style): string[] {
  const name = printable(`${change.kind} ${change.name}`);
  const difference = differenceFromWire(change, []);
  // Something of a newer control plane: that it changes must not be hidden.
  if (difference === undefined) return [style('strong', `~ ${name} (how, this lbctl can't tell)`)];
  const { action } = difference;
  const before = flatten(plainOf(difference.before));
  const after = flatten(plainOf(difference.after));
  const lines = [style('strong', `${SIGNS[action]} ${name} (${action})`)];
  for (const field of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(field), after.get(field)];
    if (old === now) continue;
    if (old !== undefined) lines.push(style('bad', `-   ${field}: ${old}`));
    if (now !== undefined) lines.push(style('good', `+   ${field}: ${now}`));
  }
  return lines;
}

function plainOf(revised: Revised | undefined): Plain | null {
  if (revised === undefined) return null;
  const { resource } = revised;
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
