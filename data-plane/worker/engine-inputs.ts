/** What an engine is given of shared memory: where backends are, and how many connections may be open. */
import { formatIp } from '../../core/model/ip.ts';
import type { ConnectionBudget, Targets } from '../engine/engine.ts';
import { CONTROL, type SharedCells } from '../memory/shared-memory.ts';

const IP_BYTES = 16;
/** Accepting resumes when the open connections are down to this share of the limit. */
const RESUME_BELOW = 0.98;

/** The addresses of backends, by row. */
// `!`: a row of a plan lies within the cells.
export function sharedTargets({ family, ip, port }: Pick<SharedCells, 'family' | 'ip' | 'port'>): Targets {
  const ipLength = (row: number) => (family[row] === 4 ? 4 : IP_BYTES);
  return {
    host: (row) => formatIp(ip.subarray(row * IP_BYTES, row * IP_BYTES + ipLength(row))),
    ipLength,
    copyIp(row, into, at) {
      const length = ipLength(row);
      for (let index = 0; index < length; index++) into[at + index] = ip[row * IP_BYTES + index]!;
    },
    port: (row) => port[row]!,
  };
}

/** The connections that all workers may have together: `control[maxConnections]`; 0 there means no limit. */
export function sharedBudget({ control }: Pick<SharedCells, 'control'>): ConnectionBudget {
  const limit = (): number => Atomics.load(control, CONTROL.maxConnections) || Number.POSITIVE_INFINITY;
  return {
    take: () => Atomics.add(control, CONTROL.connections, 1) + 1 >= limit(),
    giveBack: () => void Atomics.sub(control, CONTROL.connections, 1),
    hasRoom: () => Atomics.load(control, CONTROL.connections) <= Math.floor(limit() * RESUME_BELOW),
  };
}
