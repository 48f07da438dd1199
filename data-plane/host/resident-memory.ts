/** How much memory this process holds, as the kernel counts it. */

/** What the kernel said last, for when it cannot be asked. */
let lastBytes = 0;

/**
 * Resident bytes of this process. Node opens /proc to read them, which throws EMFILE once every descriptor is in use;
 * then this is the value that was read last, because a proxy that is short of descriptors must go on.
 */
export function residentBytes(read = () => process.memoryUsage.rss()): number {
  try {
    lastBytes = read();
  } catch {
    // Short of descriptors: the value of a moment ago is close enough.
  }
  return lastBytes;
}
