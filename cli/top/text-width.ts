/** How many columns of a terminal a text takes, and texts cut or padded to a width. Pure. */
import { printable } from '../../core/runtime/printable.ts';

const COMBINING = /\p{M}|\u200b|\u200d|\ufe0f/u;
/** Ideographs, kana, hangul, full-width forms and pictures take two. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** Exactly `width` columns: padded, or cut with an ellipsis. A control character becomes a blank. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const plain = printable(text);
  const taken = textWidth(plain);
  const shown = taken <= width ? plain : cut(plain, width);
  const padding = ' '.repeat(Math.max(0, width - textWidth(shown)));
  return align === 'left' ? shown + padding : padding + shown;
}

function cut(text: string, width: number): string {
  if (width <= 0) return '';
  let shown = '';
  let taken = 0;
  for (const character of text) {
    taken += widthOf(character);
    if (taken > width - 1) break;
    shown += character;
  }
  return `${shown}…`;
}

function widthOf(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
