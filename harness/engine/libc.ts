/** The C library of the product, for tests that lend and look at descriptors. */
import { type Libc, loadLibc } from '../../data-plane/kernel/libc.ts';

/** These tests run where it loads. */
export function libcOrFail(): Libc {
  const { libc, reason } = loadLibc();
  if (!libc) throw new Error(`these tests lend descriptors, which needs the C library: ${reason}`);
  return libc;
}
