/** Colors on a terminal, unless NO_COLOR is set. */
import { styleText } from 'node:util';

export type Tone = 'good' | 'bad' | 'doubtful' | 'faint' | 'strong';
export type Style = (tone: Tone, text: string) => string;

const COLORS = { good: 'green', bad: 'red', doubtful: 'yellow', faint: 'gray', strong: 'bold' } as const;

/** Begins or ends one of these colors. */
// oxlint-disable-next-line no-control-regex -- escape sequences are what this is about
export const COLOR = /(\u001b\[(?:1|22|3[1239]|90)m)/;

export const NO_COLOR: Style = (_tone, text) => text;

/** NO_COLOR counts when it is set and not empty (https://no-color.org). */
export function styleFor(isTerminal: boolean, noColor: string | undefined): Style {
  return isTerminal && !noColor ? (tone, text) => styleText(COLORS[tone], text) : NO_COLOR;
}
