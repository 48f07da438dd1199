/** How many connections this process may have, so that it never runs out of descriptors. */
import { readFileSync } from 'node:fs';

/** Kept for everything that is not a proxied connection: gRPC, admin clients, log, files. */
const RESERVED = 512;
/** A client's socket and a backend's. */
const DESCRIPTORS_PER_CONNECTION = 2;

/**
 * `others`: descriptors that health probes and listening sockets may take at once. At least 1.
 */
export function connectionLimit(descriptorLimit: number, others: number): number {
  const free = descriptorLimit - RESERVED - others;
  const limit = Math.floor(free / DESCRIPTORS_PER_CONNECTION);
  // An Int32 cell holds it.
  return Math.min(Math.max(limit, 1), 0x7fff_ffff);
}

/** What every system allows at least. */
const LEAST_DESCRIPTORS = 1_024;

/**
 * The descriptor limit where the C library can't be asked. Node raised the soft limit to the hard one when it started,
 * so there is nothing to raise here.
 */
export function descriptorLimitOf(procLimits: string): number {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(procLimits)?.[1];
  if (limit === 'unlimited') return Number.POSITIVE_INFINITY;
  return limit === undefined ? LEAST_DESCRIPTORS : Number(limit);
}

/** /proc/self/limits, or nothing where there is no such file. */
export function readProcLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
