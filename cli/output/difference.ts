/** What a commit changed, or would change, field by field: `-` before, `+` after, as in a unified diff. */
import { changeView } from '../../core/view/difference.ts';
import type { Plain } from '../../core/view/plain.ts';
import type { ResourceChange__Output } from '../../core/wire/generated/lb/v1/ResourceChange.ts';
import type { Context } from '../context.ts';
import { emitStructured } from './emit.ts';
import { printLines } from './lines.ts';
import type { Style } from './style.ts';

const SIGNS = { created: '+', updated: '~', deleted: '-' } as const;

/** The value that JSON and YAML show. */
export function changePlain(change: ResourceChange__Output): Plain {
  const { action, kind, name, before, after } = changeView(change);
  return { action: action ?? 'unknown', kind, name, before, after };
}

/** In the format that was asked for. */
export function printDifference(context: Context, changes: readonly ResourceChange__Output[]): void {
  if (emitStructured(context, changes.map(changePlain))) return;
  printLines(context, context.format === 'name' ? namesOf(changes) : differenceLines(changes, context.style));
}

export function namesOf(changes: readonly ResourceChange__Output[]): string[] {
  return changes.map(({ kind, name }) => `${kind}/${name}`);
}

/** Lines for people, one block for each resource. */
export function differenceLines(changes: readonly ResourceChange__Output[], style: Style): string[] {
  return changes.flatMap((change) => blockOf(change, style));
}

function blockOf(change: ResourceChange__Output, style: Style): string[] {
  const { action, kind, name, fields } = changeView(change);
  const title = `${kind} ${name}`;
  // Only a newer lbctl knows what it is, but that it changes must not be hidden.
  if (action === null) return [style('strong', `~ ${title} (this lbctl can't tell how)`)];
  return [
    style('strong', `${SIGNS[action]} ${title} (${action})`),
    ...fields.flatMap(({ field, before, after }) => [
      ...(before === null ? [] : [style('bad', `-   ${field}: ${before}`)]),
      ...(after === null ? [] : [style('good', `+   ${field}: ${after}`)]),
    ]),
  ];
}
