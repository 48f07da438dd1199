/** Which engine this host can run. */
import { LbError } from '../core/runtime/errors.ts';

export const ENGINE_CHOICES = ['auto', 'epoll', 'portable'] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

/** The engine for a choice. A named engine that can't run is an error; `auto` takes the best that can. */
export function chooseEngine(choice: EngineChoice): 'portable' {
  if (choice !== 'epoll') return 'portable';
  const message = 'the engine epoll is not part of this version; use --engine portable, or auto';
  throw new LbError('FAILED_PRECONDITION', message);
}
