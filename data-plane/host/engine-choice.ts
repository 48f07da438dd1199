/** Which engine this host can run. */
import { LbError } from '../../core/runtime/errors.ts';
import type { Engine } from '../engine/engine.ts';

export const ENGINE_CHOICES = ['auto', 'epoll', 'portable'] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

export interface ChosenEngine {
  readonly engine: Engine['name'];
  /** Why it is not the fast one, when `auto` fell back. */
  readonly fellBack: string | null;
}

/**
 * The engine for a choice; `obstacle` says why epoll can't run here, or is null. A named engine that can't run is an
 * error; `auto` takes the best that can.
 */
export function chooseEngine(choice: EngineChoice, obstacle: string | null): ChosenEngine {
  if (choice === 'portable') return { engine: 'portable', fellBack: null };
  if (obstacle === null) return { engine: 'epoll', fellBack: null };
  if (choice === 'auto') return { engine: 'portable', fellBack: obstacle };
  const message = `--engine epoll cannot run here: ${obstacle}; use --engine portable, or auto`;
  throw new LbError('FAILED_PRECONDITION', message);
}
