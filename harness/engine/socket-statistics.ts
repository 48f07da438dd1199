/** What the kernel says of connections that do not move, for the message of a test that hangs. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What becomes of segments that a receiver has no room for, and of those that are sent again. */
const COUNTERS =
  /^(Tcp(RetransSegs|OutRsts)|TcpExt(TCP(\w*Timeouts|LossProbes|RcvQDrop|\w*ZeroWindow\w*|WinProbe|RcvCollapsed|BacklogDrop|SpuriousRTOs)|\w*Prune\w*|BeyondWindow))$/;

/** The counters of this machine's TCP from here on: other programs count too. */
export class TcpCounters {
  readonly #before = tcpCounters();

  /** What has grown since. */
  get grown(): string {
    const grown = [...tcpCounters()].map(
      ([name, count]) => [name, count - (this.#before.get(name) ?? 0)] as const,
    );
    return grown
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  }
}

/** All that `ss` tells of the sockets that have one of these ports at either end. */
export function socketsWith(ports: readonly number[]): string {
  const filter = ports.map((port) => `sport = :${port} or dport = :${port}`).join(' or ');
  const { error, stderr, stdout } = spawnSync('ss', ['-tnoiemaH', `( ${filter} )`], { encoding: 'utf8' });
  return error ? `no ss: ${error.message}` : `${stdout}${stderr}`.trimEnd();
}

/** /proc/net/netstat and snmp: a line of names, then one of numbers, a group each. */
function tcpCounters(): Map<string, number> {
  const counters = new Map<string, number>();
  const lines = ['/proc/net/netstat', '/proc/net/snmp'].flatMap((path) =>
    readFileSync(path, 'utf8').split('\n'),
  );
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [group = '', ...names] = (lines[at] ?? '').split(' ');
    const counts = (lines[at + 1] ?? '').split(' ').slice(1);
    for (const [index, name] of names.entries()) {
      const full = group.replace(':', '') + name;
      if (COUNTERS.test(full)) counters.set(full, Number(counts[index]));
    }
  }
  return counters;
}
