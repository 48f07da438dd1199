/**
 * What a worker knows of each connection, as rows of typed arrays by slot: no object a connection.
 *
 * Invariant: the arrays have their full length from the start and hold zeros, so that slots nobody has used take no
 * memory.
 */
import type { ConnectionTimeouts } from '../engine/engine.ts';
import { MAX_SLOTS } from '../memory/shared-memory.ts';
import type { Attempt } from './attempt.ts';

export class ConnectionSlots {
  /** 1 from accept to close. */
  readonly isOpen = new Uint8Array(MAX_SLOTS);
  readonly listener = new Int32Array(MAX_SLOTS);
  /** Row of the backend it is connecting or connected to, reserved; or NO_ROW. */
  readonly backend = new Int32Array(MAX_SLOTS);
  /** Row of that backend's pool. */
  readonly pool = new Int32Array(MAX_SLOTS);
  /** 1 once the client got a byte. */
  readonly isAnswered = new Uint8Array(MAX_SLOTS);
  readonly acceptedMs = new Float64Array(MAX_SLOTS);
  /** Of the pool it went to at first; shared by all of that pool. */
  readonly timeouts: ConnectionTimeouts[] = [];
  /** Those that have no connection to a backend yet. */
  readonly attempts = new Map<number, Attempt>();
  /** Every open slot is below this. */
  end = 0;
}
