/** What every changing command prints. */
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { type Context, tell } from '../context.ts';
import { changePlain, differenceText } from './difference.ts';
import { effectsPlain, effectsText } from './effects.ts';
import { emitStructured } from './emit.ts';
import { printable } from './table.ts';

/** `revision 42`, `unchanged`, or for a dry run what would change. */
export function printChangeResult(context: Context, result: ChangeResult__Output): void {
  const { revision, unchanged, dryRun, changes, notes } = result;
  const plain = {
    revision,
    unchanged,
    dryRun,
    changes: changes.map(changePlain),
    notes,
    ...effectsPlain(result),
  };
  if (emitStructured(context, plain)) return;
  for (const note of notes) tell(context, printable(note));
  if (context.format === 'name') {
    for (const { kind, name } of changes) context.stdout.write(`${kind}/${name}\n`);
    return;
  }
  if (dryRun) {
    context.stdout.write(differenceText(changes, context.style));
    context.stdout.write(effectsText(result, context.style));
    context.stdout.write('dry run: nothing was changed\n');
    return;
  }
  context.stdout.write(unchanged ? 'unchanged\n' : `revision ${revision}\n`);
}
