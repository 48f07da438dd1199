/** How many connections fit into the memory of the control group around this process. */
import { join } from 'node:path';
import { type GroupLimit, type ReadText, readText, strictestLimit } from './control-group.ts';
import type { Engine } from '../engine/engine.ts';
import { residentBytes } from './resident-memory.ts';

/**
 * What a connection is assumed to need. An idle one was measured at 5.6 KB for its two sockets and at most 512 B of our
 * own; the rest is for bytes in transit. Slow readers can need more, as tcp_rmem, tcp_wmem and tcp_mem allow.
 */
const BYTES_PER_CONNECTION = 16_384;
/**
 * What OpenSSL takes besides, measured at idle connections: 14 KB for the side of the client, and 28 KB for that of the
 * backend. It counts for all connections as soon as some listener, or some pool, has TLS.
 */
const TLS_BYTES = { listeners: 16_384, pools: 32_768 } as const;
const MIB = 1_048_576;
/** Lets the heaps of the main thread and of each worker grow until this is measured again. */
const RESERVED_BYTES = 16 * MIB;
/** Measured: 18,000 short connections added 10 MB to one worker of the epoll engine, and 64 MB to two of the portable one. */
const RESERVED_BYTES_PER_WORKER = { epoll: 8 * MIB, portable: 32 * MIB } as const;

/** The most that all connections of a worker may keep for slow readers, and the share of the group's memory for all workers. */
const PARKING_BYTES = 64 * MIB;
const PARKING_SHARE = 1 / 16;

export interface MemoryUser {
  readonly engine: Engine['name'];
  readonly workers: number;
  /** Whether any listener, and any pool, of its plan has TLS. */
  readonly tls: { readonly [Side in keyof typeof TLS_BYTES]: boolean };
}

/** For this process as it is now. Our own memory for open connections counts twice, to be on the safe side. */
export function memoryBoundHere(user: MemoryUser): number {
  const limit = cgroupMemory(readText);
  if (limit === null) return Number.POSITIVE_INFINITY;
  return memoryBound(limit, ownMemory(readText, residentBytes()), user);
}

/** `ownBytes`: memory of this process. The result may be below 1. */
export function memoryBound(
  limitBytes: number,
  ownBytes: number,
  { engine, workers, tls }: MemoryUser,
): number {
  const perWorker = RESERVED_BYTES_PER_WORKER[engine] + parkingBytes(limitBytes, workers);
  const reserved = RESERVED_BYTES + workers * perWorker;
  const forTls = (tls.listeners ? TLS_BYTES.listeners : 0) + (tls.pools ? TLS_BYTES.pools : 0);
  return Math.floor((limitBytes - ownBytes - reserved) / (BYTES_PER_CONNECTION + forTls));
}

/** How much a worker may keep for slow readers. `limitBytes` null: no control group limits memory. */
export function parkingBytes(limitBytes: number | null, workers: number): number {
  const share = ((limitBytes ?? Number.POSITIVE_INFINITY) * PARKING_SHARE) / workers;
  return Math.floor(Math.min(PARKING_BYTES, share));
}

const MEMORY_LIMIT: GroupLimit = {
  controller: 'memory',
  v1: (folder, read) => bytes(read(join(folder, 'memory.limit_in_bytes'))),
  v2: (folder, read) => bytes(read(join(folder, 'memory.max'))),
};

/** The lowest memory limit of all control groups of this process; null: no limit, or none that can be read. */
export function cgroupMemory(read: ReadText): number | null {
  return strictestLimit(MEMORY_LIMIT, read);
}

/** No limit is `max` in version 2, and in version 1 a number that no machine has. */
function bytes(text: string | null): number | null {
  const value = Number(text ?? Number.NaN);
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/**
 * Resident bytes of this process that the kernel can't reclaim: without pages of files, such as the program. All resident
 * bytes where /proc does not distinguish them.
 */
export function ownMemory(read: ReadText, residentBytes: number): number {
  const status = read('/proc/self/status') ?? '';
  const sizes = ['RssAnon', 'RssShmem'].map(
    (name) => new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1],
  );
  return sizes.includes(undefined)
    ? residentBytes
    : sizes.reduce((sum, kilobytes) => sum + Number(kilobytes) * 1_024, 0);
}
