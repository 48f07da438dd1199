/**
 * Whether this host runs out of local ports towards a backend sooner than it has to. Pure.
 *
 * A connection that this side closed first keeps its local port for a minute (TIME_WAIT). With tcp_tw_reuse at 1 the
 * kernel gives such a port out again after a second; with 0 it does not, and with 2, its default, only on loopback, so
 * a test on one machine does not show it.
 */

/** The most ports that one source address has towards one backend, with the kernel's default range. */
const PORTS = '28,000';
/** Those ports over the 60 seconds of TIME_WAIT. */
const PORTS_A_SECOND = 470;

/** What to tell the operator; null: nothing. `setting` is /proc/sys/net/ipv4/tcp_tw_reuse, null where there is none. */
export function localPortAdvice(setting: string | null): string | null {
  const value = setting?.trim();
  if (value === undefined || value === '1') return null;
  return `net.ipv4.tcp_tw_reuse is ${value}: new connections from one source address to one backend may run out of local ports at ${PORTS_A_SECOND} a second (${PORTS} at once); set it to 1 (sysctl -w net.ipv4.tcp_tw_reuse=1), or give several --source-address`;
}
