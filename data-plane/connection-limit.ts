/** How many connections this process may have, so that it never runs out of descriptors. */

/** Kept for everything that is not a proxied connection: gRPC, admin clients, log, files, listening sockets. */
const RESERVED = 512;
/** A client's socket and a backend's. */
const DESCRIPTORS_PER_CONNECTION = 2;

/** `concurrentChecks`: health probes that may be under way at once. At least 1. */
export function connectionLimit(descriptorLimit: number, concurrentChecks: number): number {
  const free = descriptorLimit - RESERVED - concurrentChecks;
  const limit = Math.floor(free / DESCRIPTORS_PER_CONNECTION);
  // An Int32 cell holds it.
  return Math.min(Math.max(limit, 1), 0x7fff_ffff);
}
