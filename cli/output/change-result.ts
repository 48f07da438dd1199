/** What every changing command prints. */
import { violationText } from '../../core/model/violation.ts';
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { type Context, tell } from '../context.ts';
import { changePlain, differenceText } from './difference.ts';
import { emitStructured } from './emit.ts';
import { printable } from '../../core/runtime/printable.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

/** `revision 42`, `unchanged`, or for a dry run what would change. */
export function printChangeResult(context: Context, result: ChangeResult__Output): void {
  const { revision, unchanged, dryRun, changes, notes, guardRefusals, poolEffects, listenerEffects } = result;
  const plain = {
    revision,
    unchanged,
    dryRun,
    changes: changes.map(changePlain),
    notes,
    ...(guardRefusals.length > 0 && { guardRefusals }),
    ...(dryRun && { poolEffects, listenerEffects }),
  };
  if (emitStructured(context, plain)) return;
  for (const note of notes) tell(context, printable(note));
  if (context.format === 'name') {
    for (const { kind, name } of changes) context.stdout.write(`${kind}/${name}\n`);
  } else if (dryRun) {
    context.stdout.write(differenceText(changes, context.style));
    context.stdout.write(effectsText(result, context.style));
    context.stdout.write('dry run: nothing was changed\n');
  } else context.stdout.write(unchanged ? 'unchanged\n' : `revision ${revision}\n`);
}

/** What the guard refuses or would refuse, a line each. */
export function refusalLines({ guardRefusals }: ChangeResult__Output): string[] {
  return guardRefusals.map((refusal) => printable(`  ${violationText(refusal)}`));
}

/** What the change would do to traffic; empty when it does nothing to it. */
function effectsText({ poolEffects, listenerEffects }: ChangeResult__Output, style: Style): string {
  const pools = poolEffects.map(({ pool, backends, connectionsDraining }) => {
    const rows = backends.map(({ address, shareBefore, shareAfter, connections }) => [
      address,
      percent(shareBefore),
      percent(shareAfter),
      connections,
    ]);
    const shares = table(['BACKEND', 'SHARE', 'THEN', 'CONNECTIONS'], rows, style);
    return `\npool ${printable(pool)}, share of new connections:\n${shares}${connectionsDraining} open connections would drain\n`;
  });
  const listeners = listenerEffects.map(
    ({ listener, connections }) =>
      `\nlistener ${printable(listener)} would stop accepting connections at its address; ${connections} open connections could finish\n`,
  );
  return [...pools, ...listeners].join('');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
