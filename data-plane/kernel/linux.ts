/**
 * Constants and layouts of Linux. Both architectures share the constants (asm-generic); a layout that differs stands in
 * a table by architecture.
 */
import { constants } from 'node:os';

export const { EADDRNOTAVAIL, EAGAIN, EALREADY, EINPROGRESS, EINTR, EISCONN } = constants.errno;

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
/** O_NONBLOCK | O_CLOEXEC: flags of sockets, pipes, eventfds and epoll instances. */
export const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
export const SHUT_WR = 1;
/** Asks for the bytes of a socket that its peer has not acknowledged. */
export const SIOCOUTQ = 0x5411;

/** The socket options that we set or read. */
export const OPTION = {
  reuseAddress: [1, 2],
  error: [1, 4],
  keepAlive: [1, 9],
  /** An urgent byte stays in its place among the others. Without this, reads skip it. */
  outOfBandInline: [1, 10],
  linger: [1, 13],
  reusePort: [1, 15],
  noDelay: [6, 1],
  /** struct sock_fprog: a program that decides which packets a socket gets. */
  attachFilter: [1, 26],
  keepAliveIdleSeconds: [6, 4],
  keepAliveIntervalSeconds: [6, 5],
  keepAliveProbes: [6, 6],
  /** 0 before connect: the handshake's last acknowledgement waits, up to 200 ms. */
  quickAck: [6, 12],
  /** Takes a local port at connect instead of at bind, so that one port serves many destinations. */
  bindAddressNoPort: [0, 24],
  ipv6Only: [41, 26],
} as const satisfies Record<string, readonly [level: number, name: number]>;
/** Options whose value is an integer. */
export type SocketOption = Exclude<keyof typeof OPTION, 'attachFilter'>;

/** Bits of epoll events. */
export const EPOLL = {
  in: 0x1,
  urgent: 0x2,
  out: 0x4,
  error: 0x8,
  hangUp: 0x10,
  readHangUp: 0x2000,
  edge: 0x8000_0000,
} as const;

/** struct epoll_event in 32-bit words: its size, and where `data` starts. It is packed on x64 alone. */
const EPOLL_EVENTS = { x64: { words: 3, data: 1 }, arm64: { words: 4, data: 2 } } as const;

const architecture = process.arch === 'arm64' ? 'arm64' : 'x64';
export const EPOLL_EVENT = EPOLL_EVENTS[architecture];

/** Why these tables do not hold on this machine, or null. */
export function platformObstacle(): string | null {
  const { arch, platform } = process;
  if (platform === 'linux' && arch in EPOLL_EVENTS) return null;
  return `it is made for Linux on x64 and arm64, not for ${platform} on ${arch}`;
}
