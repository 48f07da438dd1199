/**
 * Records of connections that ended, for the connection log: one for each, or for one in so many, as the policy says.
 *
 * Invariants
 *  - whether a connection gets a record is decided when it is accepted; one without costs the read of one byte;
 *  - nothing is allocated, and a full ring never blocks;
 *  - a record is written while the connection still holds its rows.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Random } from '../../core/runtime/random.ts';
import { NO_ROW } from '../engine/engine.ts';
import { CLOSE_REASONS, type CloseReason, REFUSALS } from '../../core/wire/close-reasons.ts';
import type { PeerAddress } from '../engine/peer-address.ts';
import { FIELD, type LogRing } from '../memory/log-ring.ts';
import { MAX_SLOTS, type SharedCells } from '../memory/shared-memory.ts';

const IP_WORDS = 4;
/** Of one worker: a flood of clients that are refused costs no more, and crowds nobody out. */
const REFUSALS_A_SECOND = 200;
const REFUSED: ReadonlySet<CloseReason> = new Set(REFUSALS);

export interface ConnectionRecordsInputs {
  readonly ring: LogRing;
  /** What the ids of connections begin with. */
  readonly idPrefix: string;
  readonly shared: Pick<SharedCells, 'generation'>;
  readonly clock: Clock;
  readonly random: Random;
}

// `!` in this file: slots lie within the arrays, fields within a record.
export class ConnectionRecords {
  readonly #inputs: ConnectionRecordsInputs;
  // By slot, at full length from the start: slots that were never used take no memory.
  readonly #isLogged = new Uint8Array(MAX_SLOTS);
  readonly #id = new Float64Array(MAX_SLOTS);
  readonly #family = new Uint8Array(MAX_SLOTS);
  readonly #port = new Uint16Array(MAX_SLOTS);
  readonly #ip = new Uint32Array(MAX_SLOTS * IP_WORDS);
  readonly #pool = new Int32Array(MAX_SLOTS);
  readonly #backend = new Int32Array(MAX_SLOTS);
  readonly #generation = new Int32Array(MAX_SLOTS);
  readonly #attempts = new Uint8Array(MAX_SLOTS);
  readonly #connectMs = new Float64Array(MAX_SLOTS);
  readonly #firstByteMs = new Float64Array(MAX_SLOTS);
  readonly #bytesFromClient = new Float64Array(MAX_SLOTS);
  readonly #bytesToClient = new Float64Array(MAX_SLOTS);
  #second = 0;
  /** In this second. */
  #refusals = 0;

  constructor(inputs: ConnectionRecordsInputs) {
    this.#inputs = inputs;
  }

  /** `oneIn`: one connection in so many has a record; 0: none has. */
  accepted(slot: number, oneIn: number, client: PeerAddress): void {
    const { random, ring } = this.#inputs;
    const isLogged = oneIn === 1 || (oneIn > 0 && random.next() * oneIn < 1);
    this.#isLogged[slot] = Number(isLogged);
    if (!isLogged) return;
    this.#id[slot] = ring.nextId();
    this.announced(slot, client);
    this.#pool[slot] = NO_ROW;
    this.#backend[slot] = NO_ROW;
    this.#attempts[slot] = 0;
    this.#connectMs[slot] = -1;
    this.#firstByteMs[slot] = -1;
    this.#bytesFromClient[slot] = 0;
    this.#bytesToClient[slot] = 0;
  }

  /** Who the client is, by its address or by what a PROXY header said of it. */
  announced(slot: number, { family, port, words }: PeerAddress): void {
    if (this.#isLogged[slot] === 0) return;
    this.#family[slot] = family;
    this.#port[slot] = port;
    this.#ip.set(words, slot * IP_WORDS);
  }

  /** Under which a connection is in the log; empty: it is not there. */
  idOf(slot: number): string {
    return this.#isLogged[slot] === 0 ? '' : `${this.#inputs.idPrefix}-${this.#id[slot]}`;
  }

  /** A backend of this pool is picked for it. */
  sentTo(slot: number, pool: number): void {
    this.#pool[slot] = pool;
  }

  /** A connect begins, now or after a delay. */
  attempted(slot: number, backend: number): void {
    if (this.#isLogged[slot] === 0) return;
    this.#backend[slot] = backend;
    this.#generation[slot] = Atomics.load(this.#inputs.shared.generation, backend);
    this.#attempts[slot]! += 1;
  }

  established(slot: number, connectMs: number): void {
    this.#connectMs[slot] = connectMs;
  }

  answered(slot: number, sinceAcceptMs: number): void {
    this.#firstByteMs[slot] = sinceAcceptMs;
  }

  bytes(slot: number, toBackend: number, toClient: number): void {
    if (this.#isLogged[slot] === 0) return;
    this.#bytesFromClient[slot]! += toBackend;
    this.#bytesToClient[slot]! += toClient;
  }

  closed(slot: number, listener: number, reason: CloseReason, durationMs: number): void {
    if (this.#isLogged[slot] === 0) return;
    this.#isLogged[slot] = 0;
    const { clock, ring } = this.#inputs;
    if (REFUSED.has(reason) && !this.#isRefusalDue()) return ring.leaveOut();
    const at = ring.begin();
    if (at < 0) return;
    const { cells } = ring;
    cells[at + FIELD.id] = this.#id[slot]!;
    cells[at + FIELD.acceptedMs] = clock.wallMs() - durationMs;
    cells[at + FIELD.listener] = listener;
    cells[at + FIELD.pool] = this.#pool[slot]!;
    cells[at + FIELD.backend] = this.#backend[slot]!;
    cells[at + FIELD.generation] = this.#generation[slot]!;
    cells[at + FIELD.attempts] = this.#attempts[slot]!;
    cells[at + FIELD.connectMs] = this.#connectMs[slot]!;
    cells[at + FIELD.firstByteMs] = this.#firstByteMs[slot]!;
    cells[at + FIELD.durationMs] = durationMs;
    cells[at + FIELD.bytesFromClient] = this.#bytesFromClient[slot]!;
    cells[at + FIELD.bytesToClient] = this.#bytesToClient[slot]!;
    cells[at + FIELD.reason] = CLOSE_REASONS.indexOf(reason);
    cells[at + FIELD.family] = this.#family[slot]!;
    cells[at + FIELD.port] = this.#port[slot]!;
    for (let word = 0; word < IP_WORDS; word += 1)
      cells[at + FIELD.ip0 + word] = this.#ip[slot * IP_WORDS + word]!;
    ring.commit();
  }

  #isRefusalDue(): boolean {
    const second = Math.floor(this.#inputs.clock.nowMs() / 1_000);
    if (second !== this.#second) this.#refusals = 0;
    this.#second = second;
    this.#refusals += 1;
    return this.#refusals <= REFUSALS_A_SECOND;
  }
}
