/** Where backends are, read from shared memory by row. */
import { formatIp } from '../../core/model/ip.ts';
import type { Targets } from '../engine/engine.ts';
import type { SharedCells } from '../memory/shared-memory.ts';

const IP_BYTES = 16;

// `!`: a row of a plan lies within the cells.
export function sharedTargets({ family, ip, port }: Pick<SharedCells, 'family' | 'ip' | 'port'>): Targets {
  return {
    host(row) {
      const start = row * IP_BYTES;
      return formatIp(ip.subarray(start, start + (family[row] === 4 ? 4 : IP_BYTES)));
    },
    ipLength: (row) => (family[row] === 4 ? 4 : IP_BYTES),
    copyIp(row, into, at) {
      const length = family[row] === 4 ? 4 : IP_BYTES;
      for (let index = 0; index < length; index++) into[at + index] = ip[row * IP_BYTES + index]!;
    },
    port: (row) => port[row]!,
  };
}
