/** The keys in what a terminal sends in raw mode. Pure. */

/** A character, or one of the names below. */
export type Key = string;

const SEQUENCES: Readonly<Record<Key, readonly string[]>> = {
  up: ['\u001b[A', '\u001bOA'],
  down: ['\u001b[B', '\u001bOB'],
  pageup: ['\u001b[5~'],
  pagedown: ['\u001b[6~'],
  home: ['\u001b[H', '\u001bOH', '\u001b[1~'],
  end: ['\u001b[F', '\u001bOF', '\u001b[4~'],
  escape: ['\u001b'],
  'ctrl-c': ['\u0003'],
  'ctrl-z': ['\u001a'],
  'ctrl-l': ['\u000c'],
  tab: ['\t'],
  enter: ['\r', '\n'],
  backspace: ['\u007f', '\b'],
};
const KEY_OF = new Map(
  Object.entries(SEQUENCES).flatMap(([key, texts]) => texts.map((text) => [text, key] as const)),
);

/** Keys that are not text. */
export const NAMED: ReadonlySet<Key> = new Set(Object.keys(SEQUENCES));

/** A control sequence, an application-mode key, or one character. */
// oxlint-disable-next-line no-control-regex -- escape sequences are what this is about
const PARTS = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001bO.|[\s\S]/gu;

/** The keys in one piece of input; unknown sequences and control characters are left out. */
export function keysOf(input: string): Key[] {
  return (input.match(PARTS) ?? []).flatMap((part) => {
    const key = KEY_OF.get(part);
    if (key !== undefined) return [key];
    return part >= ' ' && !part.startsWith('\u001b') ? [part] : [];
  });
}
