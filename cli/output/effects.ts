/** What a change would do to traffic: part of the answer to a dry run. */
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import type { Style } from './style.ts';
import { printable, table } from './table.ts';

/** The values that JSON and YAML show. */
export function effectsPlain({ guardRefusals, poolEffects, listenerEffects, dryRun }: ChangeResult__Output) {
  return {
    ...(guardRefusals.length > 0 && { guardRefusals }),
    ...(dryRun && { poolEffects, listenerEffects }),
  };
}

/** What a guard refuses or would refuse, a line each. */
export function refusalLines({ guardRefusals }: ChangeResult__Output): string[] {
  return guardRefusals.map(({ field, description }) => printable(`  ${field} ${description}`));
}

/** Lines for people; empty when traffic goes on as it is. */
export function effectsText({ poolEffects, listenerEffects }: ChangeResult__Output, style: Style): string {
  const blocks = poolEffects.map(({ pool, backends, connectionsDraining }) => {
    const rows = backends.map(({ address, shareBefore, shareAfter, connections }) => [
      address,
      percent(shareBefore),
      percent(shareAfter),
      connections,
    ]);
    const head = ['BACKEND', 'SHARE', 'THEN', 'CONNECTIONS'];
    const drain = `${connectionsDraining} open connections would drain\n`;
    return `\npool ${printable(pool)}, share of new connections:\n${table(head, rows, style)}${drain}`;
  });
  const ends = listenerEffects.map(
    ({ listener, connections }) =>
      `\nlistener ${printable(listener)} would stop accepting at its address; ${connections} open connections would be let finish\n`,
  );
  return [...blocks, ...ends].join('');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
