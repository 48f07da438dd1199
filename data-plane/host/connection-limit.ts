/** The maximum number of connections of this process, so that it never runs out of descriptors or memory. */
import type { ReadText } from './control-group.ts';
import type { Engine } from '../engine/engine.ts';

/** Kept for everything that is not a proxied connection: gRPC, admin clients, log, files. */
const RESERVED = 512;
/** A client's socket and a backend's. */
const DESCRIPTORS_PER_CONNECTION = 2;

/** For the loop and the standard streams that Node gives a worker thread, an epoll instance and an eventfd: six, measured. */
const DESCRIPTORS_PER_WORKER = 8;
/** A worker's socket for a port of a listener, and the duplicate that Node's server closes. */
const DESCRIPTORS_PER_SOCKET = { epoll: 1, portable: 2 } as const;

const LEAST_CHECKS = 64;
/** Enough for 10,000 backends that are checked each second, of which a tenth answers after 2 s only. */
const MOST_CHECKS = 4_096;

/** How many health checks may run at once. Each takes a descriptor; the connection limit leaves room for them. */
export function checksAtOnce(descriptorLimit: number): number {
  return Math.min(Math.max(Math.floor(descriptorLimit / 8), LEAST_CHECKS), MOST_CHECKS);
}

/** What needs descriptors besides connections. */
export interface OtherUsers {
  readonly engine: Engine['name'];
  readonly workers: number;
  /** Ports that are listened on at one time, of all addresses. */
  readonly ports: number;
  /** Maximum per worker. */
  readonly pipes: number;
  readonly healthChecks: number;
}

export function otherDescriptors({ engine, healthChecks, pipes, ports, workers }: OtherUsers): number {
  const perWorker = DESCRIPTORS_PER_WORKER + ports * DESCRIPTORS_PER_SOCKET[engine] + 2 * pipes;
  return healthChecks + workers * perWorker;
}

/** `others`: descriptors that are needed for something else than connections. The result may be below 1. */
export function descriptorBound(descriptorLimit: number, others: number): number {
  return Math.floor((descriptorLimit - RESERVED - others) / DESCRIPTORS_PER_CONNECTION);
}

/** What limits the number of connections: `flag` is `--max-connections`. */
export type Bound = 'descriptors' | 'memory' | 'flag';

export interface ConnectionLimit {
  readonly connections: number;
  /** The bound that it comes from. */
  readonly bound: Bound;
}

/** An Int32 cell holds the limit. */
export const MAX_CONNECTIONS = 0x7fff_ffff;

/** The lowest of all bounds, at least 1. */
export function connectionLimit(bounds: Readonly<Record<Bound, number>>): ConnectionLimit {
  let bound: Bound = 'descriptors';
  for (const other of ['memory', 'flag'] as const) if (bounds[other] < bounds[bound]) bound = other;
  return { connections: Math.min(Math.max(bounds[bound], 1), MAX_CONNECTIONS), bound };
}

/** Of the limit, as long as there are several listeners. */
const SHARES = 1 / 5;

/**
 * Connections that each of some listeners may always have: together a fifth of the limit, in equal parts, so that one
 * busy listener can't take everything from the others. More than half of a small limit is never kept.
 */
export function listenerShare(connections: number, listeners: number): number {
  if (listeners < 2) return 0;
  return Math.min(Math.ceil((connections * SHARES) / listeners), Math.floor(connections / 2 / listeners));
}

/** The minimum on every system. */
const LEAST_DESCRIPTORS = 1_024;

/**
 * The descriptor limit where the C library can't be called. Node has raised the soft limit to the hard one when it
 * started, so there is nothing to raise here.
 */
export function descriptorLimitOf(read: ReadText): number {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  if (limit === 'unlimited') return Number.POSITIVE_INFINITY;
  return limit === undefined ? LEAST_DESCRIPTORS : Number(limit);
}
