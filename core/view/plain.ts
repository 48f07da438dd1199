/** Values of the model ⇄ what users read and write: names in snake case, durations as text. Pure. */
import { formatDuration } from '../model/duration.ts';

/** A value as manifests and JSON have it. */
export type Plain = Record<string, unknown>;

/** `{intervalMs: 5000}` as `{interval: '5s'}`. */
export function plainOf(value: object): Plain {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => {
      const written = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      if (Array.isArray(inner)) {
        return [written, inner.map((item) => (typeof item === 'object' ? plainOf(item) : item))];
      }
      if (typeof inner === 'object' && inner !== null) return [written, plainOf(inner)];
      return name.endsWith('Ms') ? [written.slice(0, -3), formatDuration(Number(inner))] : [written, inner];
    }),
  );
}

/** What each field of a resource says, but for those that are shown elsewhere. */
export function otherFields(plain: Plain, elsewhere: readonly string[]): [field: string, text: string][] {
  return [...fieldsOf(plain)].filter(([field]) => !elsewhere.includes(field));
}

/**
 * `{connect: {retries: 2}}` as `connect.retries` → `2`. A list is one text, and a text that is long or has several lines is
 * cut to one that tells it from others.
 */
export function fieldsOf(plain: Plain, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(plain).flatMap(([name, value]): [string, string][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? [...fieldsOf(value as Plain, `${prefix}${name}.`)]
        : [[`${prefix}${name}`, short(textOf(value))]],
    ),
  );
}

/** `send PING, expect PONG` of the steps of a script. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  const said = Object.entries(value).filter(([, inner]) => !Array.isArray(inner) || inner.length > 0);
  return said.map(([name, inner]) => `${name} ${textOf(inner)}`).join(' ');
}

const MAX_SHOWN = 200;

function short(text: string): string {
  const line = text.replace(/[\r\n\t]/g, (blank) => JSON.stringify(blank).slice(1, -1));
  return line.length > MAX_SHOWN
    ? `${line.slice(0, 30)}…${line.slice(-60)} (${text.length} characters)`
    : line;
}
