/** Lines for people. Whatever texts from outside are in them, nothing but text and our own colors reaches a terminal. */
import { printable } from '../../core/runtime/printable.ts';
import type { Context } from '../context.ts';
import { COLOR, NO_COLOR } from './style.ts';

/** Each becomes exactly one line. */
export function printLines({ stdout, style }: Context, lines: readonly string[]): void {
  const harmless = style === NO_COLOR ? printable : printableBetweenColors;
  if (lines.length > 0) stdout.write(lines.map((line) => `${harmless(line)}\n`).join(''));
}

function printableBetweenColors(line: string): string {
  return line
    .split(COLOR)
    .map((part, index) => (index % 2 === 0 ? printable(part) : part))
    .join('');
}
