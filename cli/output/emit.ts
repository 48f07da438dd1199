/** Values on stdout for programs, as JSON or YAML and with nothing else beside them. */
import { stringify } from 'yaml';
import type { Context } from '../context.ts';

/** Writes `value` when a structured format was asked for; returns whether it did. */
export function emitStructured(context: Context, value: unknown): boolean {
  if (context.format === 'json') context.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  else if (context.format === 'yaml') context.stdout.write(yamlText(value));
  else return false;
  return true;
}

/** YAML without line folding and anchors, so that it is stable and easily compared. */
export function yamlText(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
