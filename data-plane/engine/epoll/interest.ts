/**
 * Which events of a side's socket wake the loop.
 *
 * A sender that continues while its bytes can't be passed on would wake the worker with each segment, for nothing. So
 * its input is muted until it has been read to EAGAIN. In bulk towards a slower reader, that was nine of ten wake-ups
 * (bench/NOTES.md).
 *
 * Invariant: a muted side is `readable`, so nothing is missed. Unmuting reports everything that came meanwhile, because
 * EPOLL_CTL_MOD polls the socket again.
 */
import { errnoName } from '../../kernel/errno.ts';
import type { LoopContext } from './loop-context.ts';
import { SIDE } from './slots.ts';
import { EPOLL } from '../../kernel/linux.ts';

/** Errors and hang-ups are always reported. */
const MUTED = EPOLL.out | EPOLL.readHangUp | EPOLL.edge | 0;
const EVENTS = MUTED | EPOLL.in | EPOLL.urgent;

// `!` on typed arrays in this file: a side is within them.

/** Registers a side's socket for all events. Returns 0, or the errno negated. */
export function registerSide({ slots, sys, epoll }: LoopContext, side: number): number {
  return sys.epollAdd(epoll, slots.descriptors[side]!, EVENTS, side, slots.generations[side >> 1]!);
}

/** Mutes a side's input that was readable already and can't be passed on. Call it before the event sets flags. */
export function muteBlockedInput(context: LoopContext, side: number, bits: number): void {
  const { sides } = context.slots;
  if ((bits & EPOLL.in) === 0 || (sides[side]! & (SIDE.readable | SIDE.muted)) !== SIDE.readable) return;
  if ((sides[side ^ 1]! & (SIDE.writable | SIDE.outputBroken)) !== 0) return;
  // When the kernel refuses, the loop is woken more often, and nothing else changes.
  if (change(context, side, MUTED) >= 0) sides[side]! |= SIDE.muted;
}

/** Unmutes the sides of a slot that have been read to EAGAIN. Throws when the kernel refuses. */
export function unmuteDrainedInput(context: LoopContext, slot: number): void {
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
