/** Durations as people write them, `250ms`, `5s`, `1m30s`, `1h`, and as whole milliseconds. */

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

export type ParsedDuration =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly description: string };

/** Reads whole numbers with the units h, m, s and ms, in this order, each at most once. */
export function parseDuration(text: string): ParsedDuration {
  const parts = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (text !== '' && parts !== null) {
    const ms = UNITS.reduce((sum, [, unitMs], index) => sum + Number(parts[index + 1] ?? 0) * unitMs, 0);
    if (Number.isSafeInteger(ms)) return { ok: true, ms };
  }
  const [, days] = /^(\d{1,6})d$/.exec(text) ?? [];
  const inHours = days === undefined ? '' : `; ${text} is ${Number(days) * 24}h`;
  return {
    ok: false,
    description: `"${text}" is not a duration; write whole numbers with units, such as 250ms, 5s, 1m30s or 1h${inHours}`,
  };
}

/** The shortest text that parseDuration reads as `ms` (a whole number, not negative). */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text === '' ? '0s' : text;
}
