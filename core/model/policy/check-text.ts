/**
 * The texts of health checks, as an operator writes them and as a check uses them: escapes, regular expressions, ranges of
 * statuses. Validation and the checkers both read them here, so what was accepted can be run.
 *
 * What a server sends is compared as latin1 text, which has one character for each byte.
 */
import { RE2JS, RE2JSSyntaxException } from 're2js';
import type { Read } from '../fields/field.ts';

/** The end of the first match in what was received so far, or -1. */
export type Expectation = (received: string) => number;

/**
 * Steps of a compiled regular expression. Time is linear in steps times bytes: so many and 16 KB can take a tenth of a
 * second, and a name or a number takes a dozen.
 */
const MAX_STEPS = 200;
/** Beyond these it is not compiled to count them: a hundred thousand steps take a second and 200 MB. */
const MAX_COMPILED = 2_000;

const BYTES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' };
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|([rnt0\\])|([^]?))/g;

/** The bytes that a text stands for, as latin1. */
export function readText(text: string): Read<string> {
  let unknown: string | undefined;
  const value = text.replace(ESCAPE, (escape: string, hex?: string, letter?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (letter === undefined) unknown ??= escape;
    return BYTES[letter ?? ''] ?? '';
  });
  if (unknown === undefined) return { ok: true, value };
  const description = `has the escape "${unknown}", which means nothing; use \\r, \\n, \\t, \\0, \\xHH with two hex digits, or \\\\ for a backslash`;
  return { ok: false, description };
}

/** What a step expects: text that must arrive, or a regular expression between slashes. */
export function readExpectation(text: string): Read<Expectation> {
  if (text.length > 1 && text.startsWith('/') && text.endsWith('/')) return readPattern(text.slice(1, -1));
  const read = readText(text);
  if (!read.ok) return read;
  const { value } = read;
  return {
    ok: true,
    value: (received) => {
      const at = received.indexOf(value);
      return at < 0 ? -1 : at + value.length;
    },
  };
}

function readPattern(source: string): Read<Expectation> {
  if (roughSteps(source) > MAX_COMPILED) return tooManySteps(`more than ${MAX_COMPILED}`);
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(source);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const description = `is not a regular expression: ${whatIsWrong(error)}; it is read as RE2 reads it, without back-references and look-around`;
    return { ok: false, description };
  }
  const steps = pattern.programSize();
  if (steps > MAX_STEPS) return tooManySteps(`${steps}`);
  if (pattern.test('')) {
    const description =
      'is a regular expression that the empty text matches, so it would pass before the server answers';
    return { ok: false, description };
  }
  return {
    ok: true,
    value: (received) => {
      // Finding out where it matches takes longer than whether it does.
      if (!pattern.test(received)) return -1;
      const matcher = pattern.matcher(received);
      return matcher.find() ? matcher.end() : -1;
    },
  };
}

function tooManySteps(steps: string) {
  const description = `is a regular expression of ${steps} steps when its repetitions are written out; at most ${MAX_STEPS} are allowed`;
  return { ok: false, description } as const;
}

const TOKEN = /\[\^?\]?(?:\\[^]|[^\]\\])*\]|\\[^]|\{(\d+)(?:,(\d*))?\}|[^]/g;

/** The steps of a regular expression that is not compiled: a few times too many or too few, whatever it repeats. */
function roughSteps(source: string): number {
  /** Of the groups that are open: their steps so far, and those of the last thing in each, which a repetition multiplies. */
  const open = [{ sum: 0, last: 0 }];
  for (const [token, from, to] of source.matchAll(TOKEN)) {
    const group = open.at(-1)!;
    const outer = open.at(-2);
    if (token === '(') open.push({ sum: 0, last: 0 });
    else if (token === ')' && outer) {
      open.pop();
      outer.last = group.sum;
      outer.sum += group.sum;
    } else if (from !== undefined) {
      const more = Math.max(group.last, 1) * (Math.max(Number(from), Number(to ?? 0), 1) - 1);
      group.last += more;
      group.sum += more;
    } else {
      group.last = 1;
      group.sum += 1;
    }
  }
  return open.reduce((steps, { sum }) => steps + sum, 0);
}

function whatIsWrong(error: Error): string {
  if (!(error instanceof RE2JSSyntaxException)) return error.message;
  const at = error.getPattern();
  return `${error.getDescription()}${at === null ? '' : ` at "${at}"`}`;
}

export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** `204` or `200-399`. */
export function readStatus(text: string): Read<StatusRange> {
  const parts = /^(\d{3})(?:-(\d{3}))?$/.exec(text);
  const from = Number(parts?.[1]);
  const to = Number(parts?.[2] ?? parts?.[1]);
  if (from >= 100 && to <= 599 && from <= to) return { ok: true, value: { from, to } };
  const isBackwards = from > to ? ', which is backwards' : '';
  const description = `is "${text}"${isBackwards}; use a status from 100 to 599, such as 204, or a range, such as 200-399`;
  return { ok: false, description };
}
