/** A child's log line, made readable for the terminal. Pure. */

const IMPORTANT = new Set(['warn', 'error', 'fatal']);
/** Fields of every line that are not shown here. */
const UNINTERESTING = new Set(['level', 'time', 'program', 'msg']);

export interface ReadableLine {
  readonly text: string;
  /** A warning, an error, or a line that is not from the log, such as a stack trace. */
  readonly important: boolean;
}

/** Texts from outside are in the lines of a log, and must not control the terminal. */
const UNPRINTABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `{"level":"warn","msg":"port taken","listener":"web"}` reads `warn   port taken  listener=web`. */
export function readable(line: string): ReadableLine {
  const record = parse(line);
  if (record === undefined) return { text: line.replace(UNPRINTABLE, ' '), important: true };
  const level = wordsOf(record['level'] ?? 'info');
  const fields = Object.entries(record)
    .filter(([key]) => !UNINTERESTING.has(key))
    .map(([key, value]) => `${key}=${wordsOf(value)}`);
  return {
    text: [level.padEnd(5), wordsOf(record['msg'] ?? ''), ...fields].join('  ').replace(UNPRINTABLE, ' '),
    important: IMPORTANT.has(level),
  };
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
