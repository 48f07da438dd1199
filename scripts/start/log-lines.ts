/** A child's log line, made readable for the terminal. Pure. */

const LEVELS = [
  { from: 60, name: 'fatal' },
  { from: 50, name: 'error' },
  { from: 40, name: 'warn' },
  { from: 30, name: 'info' },
  { from: 0, name: 'debug' },
] as const;
const WARN = 40;
/** What every line has and nobody needs to read here. */
const UNINTERESTING = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'name', 'v']);

export interface ReadableLine {
  readonly text: string;
  /** A warning, an error, or something that is no log line at all, such as a stack trace. */
  readonly important: boolean;
}

/** `{"level":40,"msg":"port taken","listener":"web"}` reads `warn  port taken  listener=web`. */
export function readable(line: string): ReadableLine {
  const record = parse(line);
  if (record === undefined) return { text: line, important: true };
  const level = Number(record['level']);
  const levelName = LEVELS.find(({ from }) => level >= from)?.name ?? 'info';
  const fields = Object.entries(record)
    .filter(([key]) => !UNINTERESTING.has(key))
    .map(([key, value]) => `${key}=${wordsOf(value)}`);
  return {
    text: [levelName.padEnd(5), wordsOf(record['msg'] ?? ''), ...fields].join('  '),
    important: level >= WARN,
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

/** An error that pino wrote is an object with a message; its stack is in the log file. */
function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const message = (value as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : JSON.stringify(value);
}
