/** What all parts of one worker's loop share. */
import type { ConnectionHandler } from '../engine.ts';
import type { Deadlines } from './deadlines.ts';
import type { Slots } from './slots.ts';
import type { Kernel } from '../../kernel/loop-calls.ts';

export interface LoopContext {
  readonly slots: Slots;
  readonly sys: Kernel;
  /** The descriptor of the epoll instance. */
  readonly epoll: number;
  readonly handler: ConnectionHandler;
  readonly deadlines: Deadlines;
  /** The time of this turn, in milliseconds, monotonic: the clock is read once a turn. */
  nowMs: number;
}
