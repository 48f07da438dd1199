/** Keys out of what a terminal sends in raw mode. Pure. */

/** A character, or one of the names below. */
export type Key = string;

const SEQUENCES: Readonly<Record<string, Key>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[5~': 'pageup',
  '\u001b[6~': 'pagedown',
  '\u001b[H': 'home',
  '\u001bOH': 'home',
  '\u001b[1~': 'home',
  '\u001b[F': 'end',
  '\u001bOF': 'end',
  '\u001b[4~': 'end',
  '\u001b': 'escape',
  '\u0003': 'ctrl-c',
  '\u001a': 'ctrl-z',
  '\u000c': 'ctrl-l',
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
};

/** Keys that are no text. */
export const NAMED: ReadonlySet<Key> = new Set(Object.values(SEQUENCES));

/** A control sequence, an application-mode key, or one character. */
// oxlint-disable-next-line no-control-regex -- escape sequences are what this is about
const PARTS = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001bO.|[\s\S]/gu;

/** The keys in one piece of input; unknown sequences and control characters are left out. */
export function keysOf(input: string): Key[] {
  return (input.match(PARTS) ?? []).flatMap((part) => {
    const known = SEQUENCES[part];
    if (known !== undefined) return [known];
    return part >= ' ' && !part.startsWith('\u001b') ? [part] : [];
  });
}
