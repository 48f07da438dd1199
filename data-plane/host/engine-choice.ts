/** Chooses the engine that this host can run. */
import { LbError } from '../../core/runtime/errors.ts';
import type { Engine } from '../engine/engine.ts';

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
