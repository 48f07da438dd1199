/** Logs: JSON lines on standard error through pino; pretty when that is a terminal. */
import { isatty } from 'node:tty';
import { type DestinationStream, pino, type Logger as PinoLogger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogLevel } from './log-level.ts';

export type Logger = PinoLogger;

/** `program` is on every line. */
export function createLogger(program: string, level: LogLevel, sink: DestinationStream): Logger {
  const options = {
    level,
    base: { program },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!isatty(2)) return pino(options, sink);
  const pretty = prettyFactory({ ignore: 'program', translateTime: 'SYS:HH:MM:ss.l' });
  return pino(options, { write: (line: string) => sink.write(pretty(line)) });
}

/** Logs nothing, and does not touch standard output, which pino would open otherwise. */
export const silentLogger: Logger = pino({ level: 'silent' }, { write: () => undefined });
