/** The calls of the main thread: sockets to listen on, limits, locks, wake-ups. */
import { messageOf } from '../../core/runtime/errors.ts';
import { type Ffi, loadFfi } from './ffi.ts';
import { NONBLOCK_CLOEXEC, OPTION, platformObstacle } from './linux.ts';
import { Sockets } from './sockets.ts';

const F_DUPFD_CLOEXEC = 1030;
const RLIMIT_NOFILE = 7;
const LOCK_EX_NB = 2 | 4;
const EBADF = 9;

/**
 * Classic BPF (struct sock_filter: code, jump if true, jump if false, operand) that drops what opens a connection: TCP
 * segments with SYN and without ACK, of which byte 13 holds the flags.
 */
const DROP_CONNECTS = [
  [0x30, 0, 0, 13], // load the byte
  [0x54, 0, 0, 0x12], // keep SYN and ACK
  [0x15, 0, 1, 0x02], // SYN alone?
  [0x06, 0, 0, 0], // drop
  [0x06, 0, 0, 0xffff_ffff], // take all of it
] as const;
const INSTRUCTION_BYTES = 8;

export class Libc extends Sockets {
  /** struct rlimit: the limit that holds, and the highest that may be set. */
  readonly #limits = new BigUint64Array(2);
  readonly #limitsAt: number;
  readonly #program = new DataView(new ArrayBuffer(DROP_CONNECTS.length * INSTRUCTION_BYTES));
  /** struct sock_fprog: the number of instructions, and where they are. */
  readonly #filter = new BigUint64Array(2);
  readonly #filterAt: number;
  readonly #one = BigUint64Array.of(1n);
  readonly #oneAt: number;

  constructor(ffi: Ffi) {
    super(ffi);
    this.#limitsAt = ffi.address(this.#limits);
    this.#oneAt = ffi.address(this.#one);
    for (const [index, [code, ifTrue, ifFalse, operand]] of DROP_CONNECTS.entries()) {
      const at = index * INSTRUCTION_BYTES;
      this.#program.setUint16(at, code, true);
      this.#program.setUint8(at + 2, ifTrue);
      this.#program.setUint8(at + 3, ifFalse);
      this.#program.setUint32(at + 4, operand, true);
    }
    this.#filter.set([BigInt(DROP_CONNECTS.length), BigInt(ffi.address(this.#program))]);
    this.#filterAt = ffi.address(this.#filter);
  }

  /** A second descriptor of the same open file or socket, closed on exec. */
  duplicate(fd: number): number {
    return this.checked(this.native.fcntl(fd, F_DUPFD_CLOEXEC, 0));
  }

  /** A descriptor that `wake` makes readable, for a loop that waits in epoll_wait. */
  eventfd(): number {
    return this.checked(this.native.eventfd(0, NONBLOCK_CLOEXEC));
  }

  /** Nobody reads the eventfd, so it must be registered edge-triggered. */
  wake(eventfd: number): number {
    return this.checked(this.native.write(eventfd, this.#oneAt, 8));
  }

  /**
   * A listening socket gets no new client from now on. Who tries is told nothing and tries again after a second, when
   * another socket may have the address; handshakes under way go on.
   */
  dropConnects(fd: number): number {
    const [level, name] = OPTION.attachFilter;
    return this.checked(this.native.setsockopt(fd, level, name, this.#filterAt, this.#filter.byteLength));
  }

  /** How many descriptors this process may have open. */
  descriptorLimit(): number {
    const result = this.checked(this.native.getrlimit(RLIMIT_NOFILE, this.#limitsAt));
    // "Unlimited" is all ones: more than the number of descriptors that Linux hands out.
    return result < 0 ? result : Number(this.#limits[0]);
  }

  /** Locks an open file for this process alone, or returns -EWOULDBLOCK at once. */
  lock(fd: number): number {
    return this.checked(this.native.flock(fd, LOCK_EX_NB));
  }
}

export type LoadedLibc =
  | { readonly libc: Libc; readonly reason: null }
  | { readonly libc: null; readonly reason: string };

let loaded: LoadedLibc | null = null;

/** The C library, or why it can't be used here. Loaded once in each thread. */
export function loadLibc(): LoadedLibc {
  loaded ??= load();
  return loaded;
}

function load(): LoadedLibc {
  const obstacle = platformObstacle();
  if (obstacle !== null) return { libc: null, reason: obstacle };
  const { ffi, reason } = loadFfi();
  if (!ffi) return { libc: null, reason };
  try {
    const libc = new Libc(ffi);
    const failure = failureOf(libc);
    return failure === null
      ? { libc, reason: null }
      : { libc: null, reason: `the self-check failed: ${failure}` };
  } catch (error) {
    return { libc: null, reason: `a function of the C library is missing: ${messageOf(error)}` };
  }
}

/** Makes once each kind of call whose layout could be wrong. Null, or what went wrong. */
function failureOf(libc: Libc): string | null {
  const fd = libc.socket(4);
  if (fd < 0) return `socket gave ${fd}`;
  const copy = libc.duplicate(fd);
  const results = {
    setsockopt: libc.setOption(fd, 'reusePort', 1),
    bind: libc.bind(fd, Uint8Array.of(127, 0, 0, 1), 0),
    fcntl: copy,
    getsockname: libc.localPort(copy) - 1,
    getrlimit: libc.descriptorLimit() - 1,
    close: Math.min(libc.close(fd), libc.close(copy)),
  };
  const failed = Object.entries(results).find(([, result]) => result < 0);
  if (failed) return `${failed[0]} gave ${failed[1]}`;
  return libc.listen(-1, 1) === -EBADF ? null : 'errno has the wrong value after a call that must fail';
}
