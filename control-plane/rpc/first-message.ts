import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';

/** A proxy sends its first message at once: a peer that has said nothing for so long is none. */
const FIRST_MESSAGE_TIMEOUT_MS = 10_000;

/** Ends the stream of a peer that says nothing. To be cancelled by its first message, and by the stream's end. */
export function awaitFirstMessage(clock: Clock, what: string, end: (reason: LbError) => void): Timer {
  return clock.after(FIRST_MESSAGE_TIMEOUT_MS, () => {
    const message = `nothing was said for ${FIRST_MESSAGE_TIMEOUT_MS / 1_000} s: the first message must be ${what}, and come at once`;
    end(new LbError('INVALID_ARGUMENT', message));
  });
}
