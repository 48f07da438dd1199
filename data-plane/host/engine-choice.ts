/** Chooses what this host can run: the engine, and whether the C library is called. */
import { LbError } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { Engine } from '../engine/engine.ts';
import { type Libc, loadLibc } from '../kernel/libc.ts';

export const ENGINE_CHOICES = ['auto', 'epoll', 'portable'] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

export interface ChosenEngine {
  readonly engine: Engine['name'];
  /** Why `auto` fell back to the portable engine; null: it did not. */
  readonly fellBack: string | null;
}

/**
 * `obstacle` says why epoll can't run here, or is null. Throws when `epoll` is chosen and can't run; `auto` takes the best
 * engine that can.
 */
export function chooseEngine(choice: EngineChoice, obstacle: string | null): ChosenEngine {
  if (choice === 'portable') return { engine: 'portable', fellBack: null };
  if (obstacle === null) return { engine: 'epoll', fellBack: null };
  if (choice === 'auto') return { engine: 'portable', fellBack: obstacle };
  const message = `--engine epoll cannot run here: ${obstacle}; use --engine portable or auto`;
  throw new LbError('FAILED_PRECONDITION', message);
}

/** Null, with a warning, where it can't be called; throws when an option needs it. */
export function usableLibc(options: {
  readonly logger: Logger;
  readonly shareListeners: boolean;
  readonly workers: number;
}): Libc | null {
  const { logger, shareListeners, workers } = options;
  const { libc, reason } = loadLibc();
  if (libc) return libc;
  if (shareListeners) {
    throw new LbError('FAILED_PRECONDITION', `--share-listeners needs the C library, but ${reason}`);
  }
  logger.warn({ reason, workers }, 'the C library cannot be called, so only one worker accepts connections');
  return null;
}
