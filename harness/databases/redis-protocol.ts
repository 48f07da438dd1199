/** As much of Redis's protocol (RESP 2) as a client needs that sends one command at a time. */
import type { Answer, Protocol } from './wire.ts';

const LINE_END = '\r\n';

interface Parsed {
  readonly end: number;
  readonly rows: readonly string[];
  readonly refused?: string;
}

function parseAt(input: Buffer, start: number): Parsed | undefined {
  const lineEnd = input.indexOf(LINE_END, start);
  if (lineEnd === -1) return undefined;
  const kind = String.fromCharCode(input[start] ?? 0);
  const line = input.toString('utf8', start + 1, lineEnd);
  const end = lineEnd + LINE_END.length;
  if (kind === '-') return { end, rows: [], refused: line };
  if (kind === '$') {
    const length = Number(line);
    if (length < 0) return { end, rows: [] };
    const whole = end + length + LINE_END.length;
    return input.length < whole
      ? undefined
      : { end: whole, rows: [input.toString('utf8', end, end + length)] };
  }
  if (kind !== '*') return { end, rows: [line] };
  return parseArray(input, end, Number(line));
}

function parseArray(input: Buffer, start: number, count: number): Parsed | undefined {
  const rows: string[] = [];
  let end = start;
  for (let index = 0; index < count; index += 1) {
    const element = parseAt(input, end);
    if (element === undefined) return undefined;
    for (const row of element.rows) rows.push(row);
    end = element.end;
  }
  return { end, rows };
}

export const REDIS: Protocol = {
  port: 6379,
  greets: false,
  hello: () => Buffer.alloc(0),
  encode(command) {
    const words = command.split(' ');
    const lines = words.flatMap((word) => [`$${Buffer.byteLength(word)}`, word]);
    return Buffer.from([`*${words.length}`, ...lines, ''].join(LINE_END));
  },
  parse(input): Answer | undefined {
    const parsed = parseAt(input, 0);
    return parsed && { length: parsed.end, ...parsed };
  },
  whoAreYou: 'CLIENT INFO',
  addressOf: (row) => /laddr=([\d.]+):/.exec(row)?.[1] ?? '',
};
