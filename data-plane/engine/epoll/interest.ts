/**
 * Which events of a side's socket the loop is woken by.
 *
 * A sender that goes on while its bytes can't be passed on would wake the worker with each segment, for nothing: an edge
 * is an event. So its input is muted until it has been read to EAGAIN: in bulk towards a slower reader nine of ten
 * wake-ups were such (docs/performance.md).
 *
 * Invariant: a muted side is `readable`, so nothing is missed. Unmuting tells of all that came meanwhile: EPOLL_CTL_MOD
 * looks at the socket again.
 */
import { errnoName } from '../../kernel/errno.ts';
import type { LoopContext } from './loop-context.ts';
import { SIDE } from './slots.ts';
import { EPOLL } from '../../kernel/linux.ts';

/** Errors and hang-ups are always told. */
const MUTED = EPOLL.out | EPOLL.readHangUp | EPOLL.edge | 0;
const EVENTS = MUTED | EPOLL.in | EPOLL.urgent;

// `!` on typed arrays in this file: a side is within them.

/** Registers a side's socket for all its events. Negative: the errno negated. */
export function registerSide({ slots, sys, epoll }: LoopContext, side: number): number {
  return sys.epollAdd(epoll, slots.descriptors[side]!, EVENTS, side, slots.generations[side >> 1]!);
}

/** Before a side's flags are told of an event: mutes its input when that was known and can't be passed on. */
export function muteIfNoNews(context: LoopContext, side: number, bits: number): void {
  const { sides } = context.slots;
  if ((bits & EPOLL.in) === 0 || (sides[side]! & (SIDE.readable | SIDE.muted)) !== SIDE.readable) return;
  if ((sides[side ^ 1]! & (SIDE.writable | SIDE.outputBroken)) !== 0) return;
  // Refused: woken on and on, as if there was no muting.
  if (change(context, side, MUTED) >= 0) sides[side]! |= SIDE.muted;
}

/** Input is news again for the sides of a slot that have been read to EAGAIN. Throws when the kernel refuses. */
export function unmuteRead(context: LoopContext, slot: number): void {
  const { sides } = context.slots;
  for (let side = 2 * slot; side <= 2 * slot + 1; side++) {
    if ((sides[side]! & (SIDE.muted | SIDE.readable)) !== SIDE.muted) continue;
    const result = change(context, side, EVENTS);
    if (result < 0) throw new Error(`epoll_ctl: ${errnoName(-result)}`);
    sides[side]! &= ~SIDE.muted;
  }
}

function change({ slots, sys, epoll }: LoopContext, side: number, events: number): number {
  return sys.epollChange(epoll, slots.descriptors[side]!, events, side, slots.generations[side >> 1]!);
}
