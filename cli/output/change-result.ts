/** What every changing command prints. */
import { violationText } from '../../core/model/violation.ts';
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { type Context, tell } from '../context.ts';
import { changePlain, differenceLines, namesOf } from './difference.ts';
import { emitStructured } from './emit.ts';
import { printLines } from './lines.ts';
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
  for (const note of notes) tell(context, note);
  printLines(context, context.format === 'name' ? namesOf(changes) : resultLines(result, context.style));
}

function resultLines(result: ChangeResult__Output, style: Style): string[] {
  const { dryRun, unchanged, revision, changes } = result;
  if (!dryRun) return [unchanged ? 'unchanged' : `revision ${revision}`];
  return [...differenceLines(changes, style), ...effectLines(result, style), 'dry run: nothing was changed'];
}

/** What the guard refuses or would refuse, a line each. */
export function refusalLines({ guardRefusals }: ChangeResult__Output): string[] {
  return guardRefusals.map((refusal) => `  ${violationText(refusal)}`);
}

/** What the change would do to traffic; empty when it does nothing to it. */
function effectLines({ poolEffects, listenerEffects }: ChangeResult__Output, style: Style): string[] {
  const pools = poolEffects.flatMap(({ pool, backends, connectionsDraining, explanation }) => {
    const rows = backends.map(({ address, shareBefore, shareAfter, connections }) => [
      address,
      percent(shareBefore),
      percent(shareAfter),
      connections,
    ]);
    const shares = table(['BACKEND', 'SHARE', 'THEN', 'CONNECTIONS'], rows, style);
    const title = `pool ${pool}, share of new connections:`;
    return ['', title, ...shares, explanation, `${connectionsDraining} open connections would drain`];
  });
  const listeners = listenerEffects.flatMap(({ listener, connections }) => [
    '',
    `listener ${listener} would stop accepting connections at its address; ${connections} open connections could finish`,
  ]);
  return [...pools, ...listeners];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
