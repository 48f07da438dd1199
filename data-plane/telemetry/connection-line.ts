/** A line of the connection log: one connection that ended, as JSON (docs/connection-log.md). */
import { formatIp } from '../../core/model/ip.ts';
import { CLOSE_REASONS, type CloseReason } from '../../core/wire/close-reasons.ts';
import { FIELD } from '../memory/log-ring.ts';

/** Why a connection ended, in words. */
export const CLOSE_WORDS: Readonly<Record<CloseReason, string>> = {
  completed: 'both sides ended in order',
  client_reset: 'the client reset it, or left while it waited for a backend',
  backend_reset: 'the backend reset it',
  denied: 'the allow and deny lists of the listener keep its address out',
  limited: 'the limits of the listener left no room for it',
  bad_first_bytes: 'the client did not begin as the listener expects',
  tls_failed: 'the TLS handshake with the client failed',
  no_route: 'no route of the listener fits, and it has no pool for the rest',
  no_backend: 'no backend could be used: there is none, or none passes the check and the pool refuses then',
  backend_full: 'every backend that could take it was full',
  queue_timeout: 'no backend had room for it in time',
  connect_failed: 'every attempt to connect failed',
  idle_timeout: 'no byte in either direction for too long',
  half_closed_timeout: 'no byte for too long after one side had ended',
  drain_deadline:
    'its backend was draining or removed, and the drain timeout was ending, or it led back to a listener',
  backend_down: 'its backend failed its checks, and the policy closes its connections then',
  lifetime: 'it had lasted for the longest time that its policy allows',
  shutdown: 'the proxy stopped, and its drain timeout passed',
  worker_lost: 'its worker died',
  internal_error: 'a defect of the proxy',
};

/** The names of the rows in a record. */
export interface RowNames {
  /** Null: the name is not known. */
  listener(row: number): string | null;
  pool(row: number): string | null;
  backend(row: number, generation: number): string | null;
}

export interface Writer {
  readonly proxy: string;
  /** Distinguishes this process from earlier ones. */
  readonly instance: string;
  readonly worker: number;
}

const ip = new Uint32Array(4);
const ipBytes = new Uint8Array(ip.buffer);

// `!` in this file: the record lies within the cells.
export function connectionLine(cells: Float64Array, at: number, names: RowNames, writer: Writer): string {
  const field = (name: keyof typeof FIELD) => cells[at + FIELD[name]]!;
  const reason = CLOSE_REASONS[field('reason')] ?? 'internal_error';
  return `${JSON.stringify({
    time: new Date(field('acceptedMs')).toISOString(),
    connection: `${writer.instance}-${writer.worker}-${field('id')}`,
    proxy: writer.proxy,
    worker: writer.worker,
    listener: names.listener(field('listener')),
    pool: names.pool(field('pool')),
    backend: names.backend(field('backend'), field('generation')),
    client: clientOf(cells, at),
    attempts: field('attempts'),
    connect_ms: milliseconds(field('connectMs')),
    first_byte_ms: milliseconds(field('firstByteMs')),
    duration_ms: milliseconds(field('durationMs')),
    bytes_from_client: field('bytesFromClient'),
    bytes_to_client: field('bytesToClient'),
    reason,
    why: CLOSE_WORDS[reason],
  })}\n`;
}

function clientOf(cells: Float64Array, at: number): string | null {
  const family = cells[at + FIELD.family]!;
  if (family === 0) return null;
  for (let word = 0; word < ip.length; word += 1) ip[word] = cells[at + FIELD.ip0 + word]!;
  const port = cells[at + FIELD.port]!;
  return family === 4 ? `${formatIp(ipBytes.subarray(0, 4))}:${port}` : `[${formatIp(ipBytes)}]:${port}`;
}

/** Rounded to a hundredth; null when it did not happen. */
function milliseconds(value: number): number | null {
  return value < 0 ? null : Math.round(value * 100) / 100;
}
