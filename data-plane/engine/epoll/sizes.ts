/** How much is moved at once, and kept. */

/** One read. Large reads are what makes bulk cheap: docs/performance.md. */
export const READ_BYTES = 256 * 1024;
/** One look at what may not be taken whole: it is copied again the next time. */
export const PEEK_BYTES = 64 * 1024;
/** A read that brought as much is followed by pipes, and one that brought less than that by copies again. */
export const BULK_BYTES = 64 * 1024;
export const TRICKLE_BYTES = 16 * 1024;
/** The most that all connections of a worker may park. */
export const PARKING_BYTES = 64 * 1024 * 1024;

/** The least that one direction of a connection may move in a turn. */
const FAIR_BYTES = 256 * 1024;
/** What all may move together, each way, before the loop looks for events again, if they are few. */
const LAP_BYTES = 1024 * 1024;

/**
 * The most that one direction of a connection may move in its turn, when so many want one. Alone it need not make room
 * for anybody: longer turns are fewer calls for a byte (docs/performance.md). Pure.
 */
export function turnBytes(ready: number): number {
  return Math.max(FAIR_BYTES, Math.floor(LAP_BYTES / ready));
}
