/**
 * A program that takes all the memory that its user may have in pipes, says so, and keeps it. It makes pipes by itself,
 * not as the epoll engine does: what it is to show must not depend on what is tested.
 */
import { loadFfi } from '../../data-plane/kernel/ffi.ts';

/** Of a megabyte: more than most machines allow a user without privileges. */
const ENOUGH = 256;
const LARGE = 1024 * 1024;
/** Less than one pipe of the epoll engine takes. */
const SMALL = 64 * 1024;
const F_SETPIPE_SZ = 1031;

const { ffi, reason } = loadFfi();
if (!ffi) throw new Error(reason);
const pipe = ffi.declare<(endsAt: number) => number>('int pipe(uintptr_t)');
const fcntl =
  ffi.declare<(fd: number, command: number, value: number) => number>('int fcntl(int, int, long)');
const ends = new Int32Array(2);
const endsAt = ffi.address(ends);

for (const size of [LARGE, SMALL]) {
  let pipes = 0;
  // `!`: two elements.
  while (pipe(endsAt) === 0 && fcntl(ends[0]!, F_SETPIPE_SZ, size) >= 0) {
    pipes += 1;
    if (pipes > ENOUGH) throw new Error(`there is no end to the pipes of user ${process.getuid?.()}`);
  }
}
process.stdout.write('full\n');
setInterval(() => undefined, 60_000);
