/** Numbers of Linux that more than one file tells the kernel: the same on x64 and arm64 (asm-generic). */

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_STREAM = 1;
/** SOCK_NONBLOCK | SOCK_CLOEXEC, which are also the flags of pipes and eventfds. */
export const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
/** Asks for the bytes of a socket that its peer has not acknowledged. */
export const SIOCOUTQ = 0x5411;

/** The options of sockets that we set and ask for. */
export const OPTION = {
  reuseAddress: [1, 2],
  error: [1, 4],
  keepAlive: [1, 9],
  linger: [1, 13],
  reusePort: [1, 15],
  noDelay: [6, 1],
  keepAliveIdleSeconds: [6, 4],
  keepAliveIntervalSeconds: [6, 5],
  keepAliveProbes: [6, 6],
  /** 0 before connect: the handshake's last acknowledgement waits, up to 200 ms. */
  quickAck: [6, 12],
  /** Takes a local port when it connects, not when it binds: one port serves many destinations. */
  bindAddressNoPort: [0, 24],
  ipv6Only: [41, 26],
} as const satisfies Record<string, readonly [level: number, name: number]>;
