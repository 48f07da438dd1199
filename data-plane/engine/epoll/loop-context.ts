/** What all parts of one worker's loop work on. */
import type { ConnectionHandler } from '../engine.ts';
import type { Deadlines } from './deadlines.ts';
import type { SideOfSlot, Slots } from './slots.ts';
import { EPOLL, type Kernel } from './syscalls.ts';

export interface LoopContext {
  readonly slots: Slots;
  readonly sys: Kernel;
  /** The descriptor of the epoll instance. */
  readonly epoll: number;
  readonly handler: ConnectionHandler;
  readonly deadlines: Deadlines;
  /** The moment of this turn: one look at the clock serves all of it. Milliseconds, monotonic. */
  nowMs: number;
}

const EVENTS = EPOLL.in | EPOLL.out | EPOLL.readHangUp | EPOLL.urgent | EPOLL.edge | 0;

/** Registers a side's socket for all its events, once and for good. Negative: the errno negated. */
export function registerSide({ slots, sys, epoll }: LoopContext, slot: number, which: SideOfSlot): number {
  const side = 2 * slot + which;
  // `!`: a slot is within the arrays.
  return sys.epollAdd(epoll, slots.descriptors[side]!, EVENTS, side, slots.generations[slot]!);
}
