/** What the kernel says about the whole machine: resets sent, memory of sockets, slab. */
import { readFileSync } from 'node:fs';

/** `Tcp: OutRsts` of /proc/net/snmp: a line of names, then a line of values. Pure. */
function parseResetsSent(snmp: string): number {
  const [names = [], values = []] = snmp
    .split('\n')
    .filter((line) => line.startsWith('Tcp: '))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('OutRsts')]);
}

/** Resets that this machine has sent since it started. */
export function readResetsSent(): number {
  return parseResetsSent(readFileSync('/proc/net/snmp', 'utf8'));
}

export interface KernelMemory {
  readonly socketBytes: number;
  readonly slabBytes: number;
}

/** Bytes queued in TCP sockets, in pages there, and all slab caches, where sockets themselves are. */
export function readKernelMemory(): KernelMemory {
  const pages = /^TCP: .* mem (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1];
  const slab = /^Slab:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return { socketBytes: 4_096 * Number(pages), slabBytes: 1_024 * Number(slab) };
}
