/**
 * Text from outside, on one line and harmless to whoever reads it on a terminal: control characters, line separators and
 * invisible marks (those that turn the direction of text included) become blanks. Joiners stay, since emojis need them.
 */
export function printable(text: string): string {
  return text.replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ');
}
