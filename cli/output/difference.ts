/** What a commit changed, or would change, field by field: `-` before, `+` after, as in a unified diff. */
import { changeView } from '../../core/view/difference.ts';
import type { Plain } from '../../core/view/plain.ts';
import type { ResourceChange__Output } from '../../core/wire/generated/lb/v1/ResourceChange.ts';
import type { Context } from '../context.ts';
import { emitStructured } from './emit.ts';
import { printable } from '../../core/runtime/printable.ts';
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
  if (context.format === 'name') {
    for (const { kind, name } of changes) context.stdout.write(`${kind}/${name}\n`);
  } else context.stdout.write(differenceText(changes, context.style));
}

/** Lines for people, one block for each resource. */
export function differenceText(changes: readonly ResourceChange__Output[], style: Style): string {
  return changes.flatMap((change) => blockOf(change, style).map((line) => `${line}\n`)).join('');
}

function blockOf(change: ResourceChange__Output, style: Style): string[] {
  const { action, kind, name, fields } = changeView(change);
  const title = printable(`${kind} ${name}`);
  // Only a newer lbctl knows what it is, but that it changes must not be hidden.
  if (action === null) return [style('strong', `~ ${title} (this lbctl can't tell how)`)];
  return [
    style('strong', `${SIGNS[action]} ${title} (${action})`),
    ...fields.flatMap(({ field, before, after }) => [
      ...(before === null ? [] : [style('bad', printable(`-   ${field}: ${before}`))]),
      ...(after === null ? [] : [style('good', printable(`+   ${field}: ${after}`))]),
    ]),
  ];
}
