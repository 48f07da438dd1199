/** Logs: JSON lines on standard error through pino; pretty when that is a terminal. */
import { Writable } from 'node:stream';
import { pino, type Logger as PinoLogger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { LogLevel } from './log-level.ts';
import type { LogSink } from './log-sink.ts';

export type Logger = PinoLogger;

/** `program` is on every line. */
export function createLogger(program: string, level: LogLevel, sink: LogSink): Logger {
  const destination = { write: (line: string) => sink.write(line) };
  const options = {
    level,
    base: { program },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (!process.stderr.isTTY) return pino(options, destination);
  const pretty = PinoPretty({
    sync: true,
    ignore: 'program',
    translateTime: 'SYS:HH:MM:ss.l',
    destination: prettyTo(sink),
  });
  return pino(options, pretty);
}

function prettyTo(sink: LogSink): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      sink.write(String(chunk));
      done();
    },
  });
}

/** For tests and library use: says nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });
