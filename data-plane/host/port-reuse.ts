/** Advice on whether this host reuses a local port while its last connection is in TIME_WAIT. */
import { readFileSync } from 'node:fs';

export interface PortReuseAdvice {
  readonly level: 'warn' | 'info';
  readonly message: string;
}

/** 28,232 ports in the kernel's default range, each held for 60 seconds. */
const BOUND =
  'one source address has about 28,000 ports towards one backend, so at most 470 new connections per second once ' +
  'TIME_WAIT holds all of them';
const REMEDY = 'set net.ipv4.tcp_tw_reuse to 1 with sysctl, or use several --source-address flags';

/**
 * What an operator should know about a value of net.ipv4.tcp_tw_reuse; null: nothing, or it can't be read here.
 *
 * 2 is the kernel's default, and harmless below that rate: a warning at every start on every machine would only teach
 * people to ignore it. 0 was set on purpose.
 */
export function portReuseAdvice(tcpTwReuse: string): PortReuseAdvice | null {
  const value = tcpTwReuse.trim();
  if (value === '0') {
    return { level: 'warn', message: `tcp_tw_reuse is 0: ${BOUND}; ${REMEDY}` };
  }
  if (value === '2') {
    const scope =
      'which reuses ports towards loopback only, so a test on one machine does not show the limit';
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
