/**
 * The C library, as far as it is called once in a while: sockets to listen on, limits, locks, wake-ups. What runs for
 * each event stands in epoll/syscalls.ts.
 *
 * Invariants
 *  - nothing throws after loading: a call returns what it got (>= 0), or the errno negated;
 *  - prototypes are fixed, calls are synchronous, every buffer is alive while its call runs;
 *  - numbers and layouts below are those of Linux on x64 and arm64 (asm-generic), and only those load.
 */
import { messageOf } from '../../core/runtime/errors.ts';
import { type Ffi, loadFfi } from './ffi.ts';
import { AF_INET, AF_INET6, NONBLOCK_CLOEXEC, OPTION, SIOCOUTQ, SOCK_STREAM } from './linux.ts';

const F_DUPFD_CLOEXEC = 1030;
const RLIMIT_NOFILE = 7;
const LOCK_EX_NB = 2 | 4;
const EBADF = 9;

export interface Libc {
  /** A TCP socket, non-blocking and closed on exec. */
  socket(family: 4 | 6): number;
  setOption(fd: number, option: keyof typeof OPTION, value: number): number;
  /** `ip` is 4 or 16 bytes in network order. */
  bind(fd: number, ip: Uint8Array, port: number): number;
  listen(fd: number, backlog: number): number;
  /** The port that a socket is bound to. */
  localPort(fd: number): number;
  /** A second descriptor of the same open socket, closed on exec. */
  duplicate(fd: number): number;
  close(fd: number): number;
  /** Closes a socket with a reset: what its peer has not got yet is dropped. */
  reset(fd: number): number;
  /** A descriptor that `wake` makes readable, for a loop that waits in epoll_wait. */
  eventfd(): number;
  /** Nobody reads it: it must be registered edge-triggered. */
  wake(eventfd: number): number;
  /** How many bytes sent on a socket its peer has not acknowledged. */
  unacknowledged(fd: number): number;
  /** The most descriptors that this process may have open. */
  descriptorLimit(): number;
  /** Locks an open file for this process alone, or returns -EWOULDBLOCK at once. */
  lock(fd: number): number;
}

export type LoadedLibc =
  | { readonly libc: Libc; readonly reason: null }
  | { readonly libc: null; readonly reason: string };

type Call = (...args: readonly (number | Uint8Array)[]) => number;

let loaded: LoadedLibc | null = null;

/** The C library, or why it can't be used here. Loads it once a thread. */
export function loadLibc(): LoadedLibc {
  loaded ??= load();
  return loaded;
}

function load(): LoadedLibc {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    return {
      libc: null,
      reason: `it is known for Linux on x64 and arm64 only, not ${process.platform} on ${process.arch}`,
    };
  }
  const { ffi, reason } = loadFfi();
  if (!ffi) return { libc: null, reason };
  try {
    const libc = declare(ffi);
    const failure = selfCheck(libc);
    return failure === null
      ? { libc, reason: null }
      : { libc: null, reason: `the self-check failed: ${failure}` };
  } catch (error) {
    return { libc: null, reason: `a function of the C library is missing: ${messageOf(error)}` };
  }
}

function declare(ffi: Ffi): Libc {
  const call = (prototype: string): Call => {
    const native = ffi.declare<Call>(prototype);
    return (...args) => {
      const result = native(...args);
      return result < 0 ? -ffi.errno() : result;
    };
  };
  const socket = call('int socket(int, int, int)');
  const setsockopt = call('int setsockopt(int, int, int, void *, uint32_t)');
  const bind = call('int bind(int, void *, uint32_t)');
  const getsockname = call('int getsockname(int, void *, void *)');
  const fcntl = call('int fcntl(int, int, int)');
  const ioctl = call('int ioctl(int, unsigned long, void *)');
  const getrlimit = call('int getrlimit(int, void *)');
  const flock = call('int flock(int, int)');
  const listen = call('int listen(int, int)');
  const close = call('int close(int)');
  const eventfd = call('int eventfd(unsigned int, int)');
  const write = call('intptr_t write(int, void *, size_t)');
  const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  const lingerNotAtAll = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
  const value = new Int32Array(1);
  const valueBytes = new Uint8Array(value.buffer);

  return {
    socket: (family) => socket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM | NONBLOCK_CLOEXEC, 0),
    setOption(fd, option, wanted) {
      const [level, name] = OPTION[option];
      value[0] = wanted;
      return setsockopt(fd, level, name, valueBytes, 4);
    },
    bind(fd, ip, port) {
      const address = socketAddress(ip, port);
      return bind(fd, address, address.length);
    },
    listen: (fd, backlog) => listen(fd, backlog),
    localPort(fd) {
      const address = Buffer.alloc(28);
      value[0] = address.length;
      const result = getsockname(fd, address, valueBytes);
      return result < 0 ? result : address.readUInt16BE(2);
    },
    duplicate: (fd) => fcntl(fd, F_DUPFD_CLOEXEC, 0),
    close: (fd) => close(fd),
    reset(fd) {
      setsockopt(fd, ...OPTION.linger, lingerNotAtAll, lingerNotAtAll.length);
      return close(fd);
    },
    eventfd: () => eventfd(0, NONBLOCK_CLOEXEC),
    wake: (fd) => write(fd, one, one.length),
    unacknowledged(fd) {
      const result = ioctl(fd, SIOCOUTQ, valueBytes);
      return result < 0 ? result : value[0]!; // `!`: one element, always.
    },
    descriptorLimit() {
      const limits = Buffer.alloc(16);
      const result = getrlimit(RLIMIT_NOFILE, limits);
      // "Unlimited" is all ones: more than any number of descriptors that Linux hands out.
      return result < 0 ? result : Number(limits.readBigUInt64LE(0));
    },
    lock: (fd) => flock(fd, LOCK_EX_NB),
  };
}

/** struct sockaddr_in or sockaddr_in6. */
function socketAddress(ip: Uint8Array, port: number): Buffer {
  const address = Buffer.alloc(ip.length === 4 ? 16 : 28);
  address.writeUInt16LE(ip.length === 4 ? AF_INET : AF_INET6, 0);
  address.writeUInt16BE(port, 2);
  address.set(ip, ip.length === 4 ? 4 : 8);
  return address;
}

/** Makes every kind of call once whose layout could be wrong. Null, or what went wrong. */
function selfCheck(libc: Libc): string | null {
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
  return libc.listen(-1, 1) === -EBADF ? null : 'errno is not what it must be';
}
