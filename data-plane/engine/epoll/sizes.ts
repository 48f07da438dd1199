/** How many bytes are moved at once. */

/** One read. Large reads make bulk cheap: bench/NOTES.md. */
export const READ_BYTES = 256 * 1024;
/** One peek at bytes that may not be taken whole: these are copied again the next time. */
export const PEEK_BYTES = 64 * 1024;
/** Pipes are used after a read of BULK_BYTES or more, until one brings less than TRICKLE_BYTES. */
export const BULK_BYTES = 64 * 1024;
export const TRICKLE_BYTES = 16 * 1024;

/** The lowest limit for one direction of a connection in a turn. */
const FAIR_BYTES = 256 * 1024;
/** When few connections are ready: what all may move together, each way, before the loop waits for events again. */
const LAP_BYTES = 1024 * 1024;

/**
 * The most that one direction of a connection may move in its turn, when `ready` connections want one. A connection that
 * is alone has a longer turn, which takes fewer calls for a byte (bench/NOTES.md). Pure.
 */
export function turnBytes(ready: number): number {
  return Math.max(FAIR_BYTES, Math.floor(LAP_BYTES / ready));
}
