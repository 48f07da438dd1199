/**
 * Every function of the C library that the data plane calls, once each. Sockets, LoopCalls and Libc give them types.
 *
 * Prototypes are fixed, also those of variadic functions. Pointers are numbers, since an address that is looked up once
 * makes each call cheaper; whoever passes one keeps its memory referenced.
 */
import type { Ffi } from './ffi.ts';

const PROTOTYPES = {
  // Sockets
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, uintptr_t, uint32_t)',
  connect: 'int connect(int, uintptr_t, uint32_t)',
  listen: 'int listen(int, int)',
  accept4: 'int accept4(int, uintptr_t, uintptr_t, int)',
  getsockname: 'int getsockname(int, uintptr_t, uintptr_t)',
  getpeername: 'int getpeername(int, uintptr_t, uintptr_t)',
  getsockopt: 'int getsockopt(int, int, int, uintptr_t, uintptr_t)',
  setsockopt: 'int setsockopt(int, int, int, uintptr_t, uint32_t)',
  recv: 'intptr_t recv(int, uintptr_t, size_t, int)',
  send: 'intptr_t send(int, uintptr_t, size_t, int)',
  shutdown: 'int shutdown(int, int)',
  // Waiting for events
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, uintptr_t)',
  epoll_wait: 'int epoll_wait(int, uintptr_t, int, int)',
  eventfd: 'int eventfd(unsigned int, int)',
  // Pipes, and other descriptors
  pipe2: 'int pipe2(uintptr_t, int)',
  splice: 'intptr_t splice(int, uintptr_t, int, uintptr_t, size_t, unsigned int)',
  write: 'intptr_t write(int, uintptr_t, size_t)',
  fcntl: 'int fcntl(int, int, int)',
  ioctl: 'int ioctl(int, unsigned long, uintptr_t)',
  flock: 'int flock(int, int)',
  close: 'int close(int)',
  // The process
  getrlimit: 'int getrlimit(int, uintptr_t)',
} as const;

export type CFunctions = Readonly<Record<keyof typeof PROTOTYPES, (...args: number[]) => number>>;

/** Throws when a function is missing. */
export function declareFunctions(ffi: Ffi): CFunctions {
  const declared = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, ffi.declare(prototype)]);
  return Object.fromEntries(declared) as CFunctions;
}
