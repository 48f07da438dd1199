/** A logger whose lines a test can read. */
import { type Logger, silentLogger } from '../core/runtime/logger.ts';

/** LEVEL MESSAGE, oldest first. */
export type Said = readonly string[];

export function collectingLogger(): { readonly logger: Logger; readonly said: Said } {
  const said: string[] = [];
  const at =
    (level: string) =>
    (...words: readonly unknown[]) =>
      said.push(`${level} ${String(words.at(-1))}`);
  const logger = {
    ...silentLogger,
    debug: () => undefined,
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  } as unknown as Logger;
  return { logger, said };
}
