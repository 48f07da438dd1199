/** Whether this host gives a local port again while its last connection is in TIME_WAIT, and what to say when it does not. */
import { readFileSync } from 'node:fs';

export interface PortReuseAdvice {
  readonly level: 'warn' | 'info';
  readonly message: string;
}

/** 28,232 ports in the kernel's default range, each held for 60 seconds. */
const BOUND =
  'from one source address there are about 28,000 ports towards one backend, so 470 new connections a second once ' +
  'TIME_WAIT fills them';
const REMEDY = 'set net.ipv4.tcp_tw_reuse to 1 with sysctl, or give several --source-address';

/**
 * What an operator should know of a value of net.ipv4.tcp_tw_reuse; null: nothing, or it can't be read here.
 *
 * 2 is what every kernel comes with, and does no harm below that rate: a warning at each start of each machine would
 * only teach people to look away. 0 is what somebody chose.
 */
export function portReuseAdvice(tcpTwReuse: string): PortReuseAdvice | null {
  const value = tcpTwReuse.trim();
  if (value === '0') {
    return { level: 'warn', message: `tcp_tw_reuse is 0: ${BOUND}; ${REMEDY}` };
  }
  if (value === '2') {
    const scope = 'towards loopback only, which hides it in a test on one machine';
    return { level: 'info', message: `tcp_tw_reuse is 2, ${scope}: ${BOUND}; ${REMEDY}` };
  }
  return null;
}

/** /proc/sys/net/ipv4/tcp_tw_reuse, or nothing where there is no such file. */
export function readTcpTwReuse(): string {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_tw_reuse', 'utf8');
  } catch {
    return '';
  }
}
