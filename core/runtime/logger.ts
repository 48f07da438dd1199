/** Logs: JSON lines on standard error through pino; pretty when that is a terminal. */
import { isatty } from 'node:tty';
import { type DestinationStream, pino, type Logger as PinoLogger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogLevel } from './flags.ts';
import { printable } from './printable.ts';

export type Logger = PinoLogger;

/** `program` is on every line. */
export function createLogger(program: string, level: LogLevel, sink: DestinationStream): Logger {
  const options = {
    level,
    base: { program },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!isatty(2)) return pino(options, { write: (line) => sink.write(`${printable(line.trimEnd())}\n`) });
  const pretty = prettyFactory({ ignore: 'program', translateTime: 'SYS:HH:MM:ss.l' });
  return pino(options, { write: (line) => sink.write(pretty(JSON.parse(line, printableValue))) });
}

/** JSON has the control characters of texts escaped, and pretty lines have not. Only a stack has several lines. */
function printableValue(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return key === 'stack' ? value.split('\n').map(printable).join('\n') : printable(value);
}

/** Logs nothing, and does not touch standard output, which pino would open otherwise. */
export const silentLogger: Logger = pino({ level: 'silent' }, { write: () => undefined });
