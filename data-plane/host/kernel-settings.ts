/** Settings of this host's kernel (sysctl) that an operator should know about. */
import { readFileSync } from 'node:fs';

export interface Advice {
  readonly level: 'warn' | 'info';
  readonly message: string;
}

/** 28,232 ports in the kernel's default range, each held for 60 seconds. */
const BOUND =
  'one source address has about 28,000 ports towards one backend, so at most 470 new connections per second once ' +
  'TIME_WAIT holds all of them';
const REMEDY = 'set net.ipv4.tcp_tw_reuse to 1 with sysctl, or use several --source-address flags';

/**
 * What an operator should know about a value of net.ipv4.tcp_tw_reuse: whether this host reuses a local port while its
 * last connection is in TIME_WAIT. Null: nothing, or it can't be read here.
 *
 * 2 is the kernel's default, and harmless below that rate: a warning at every start on every machine would only teach
 * people to ignore it. 0 was set on purpose.
 */
export function portReuseAdvice(tcpTwReuse: string): Advice | null {
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

/**
 * What an operator of proxies that share their listeners should know about net.ipv4.tcp_migrate_req: whether the kernel
 * moves clients that wait on a socket to another process's socket when it is closed. Null: nothing, or the kernel is older
 * than 5.14 and has no such setting.
 */
export function clientMigrationAdvice(tcpMigrateReq: string): Advice | null {
  if (tcpMigrateReq.trim() !== '0') return null;
  const message =
    'tcp_migrate_req is 0: when this proxy stops, clients that come in its last moment wait for a second before ' +
    'another proxy on this host serves them, and when it crashes, clients in its queues are reset; set ' +
    'net.ipv4.tcp_migrate_req to 1 with sysctl';
  return { level: 'warn', message };
}

/** /proc/sys/net/ipv4/NAME, or nothing where there is no such file. */
export function readNetworkSetting(name: 'tcp_tw_reuse' | 'tcp_migrate_req'): string {
  try {
    return readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8');
  } catch {
    return '';
  }
}
