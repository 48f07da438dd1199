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
