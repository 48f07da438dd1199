/** What an engine is given of shared memory: where backends are, and how many connections may be open. */
import { formatIp } from '../../core/model/ip.ts';
import type { ConnectionBudget, Targets } from '../engine/engine.ts';
import { CONTROL, type SharedCells } from '../memory/shared-memory.ts';

const IP_BYTES = 16;
/** Accepting resumes when the open connections are down to this share of the limit. */
const RESUME_BELOW = 0.98;
/** Workers that accept at the same moment exceed the limit by one each, which is not to be at the expense of a share. */
const WORKERS = 64;

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

/**
 * The connections that all workers may have together: `control[maxConnections]`; 0 there means no limit. A listener may
 * always have as many as its share; beyond that it takes only what is not kept for the shares of others.
 */
export function sharedBudget({
  control,
  listenerOpen,
  listenerShare,
}: Pick<SharedCells, 'control' | 'listenerOpen' | 'listenerShare'>): ConnectionBudget {
  const limit = (): number => Atomics.load(control, CONTROL.maxConnections) || Number.POSITIVE_INFINITY;
  /** Whether a connection that belongs to no share has room below `most`. */
  const hasCommonRoom = (most: number): boolean => {
    const open = Atomics.load(control, CONTROL.connections);
    if (open < most - Atomics.load(control, CONTROL.shares)) return true;
    let unused = 0;
    for (let row = 0; row < listenerShare.length && open + unused < most; row++) {
      unused += Math.max(0, listenerShare[row]! - listenerOpen[row]!);
    }
    return open + unused < most;
  };
  const hasOwnRoom = (listener: number): boolean =>
    Atomics.load(listenerOpen, listener) < listenerShare[listener]! &&
    Atomics.load(control, CONTROL.connections) < limit() + WORKERS;
  return {
    take(listener) {
      Atomics.add(listenerOpen, listener, 1);
      Atomics.add(control, CONTROL.connections, 1);
      return !hasOwnRoom(listener) && !hasCommonRoom(limit());
    },
    giveBack(listener) {
      Atomics.sub(listenerOpen, listener, 1);
      Atomics.sub(control, CONTROL.connections, 1);
    },
    hasRoom() {
      // Once for all: hundreds of listeners may be full, and this is asked whenever a connection ends.
      const isCommon = hasCommonRoom(Math.floor(limit() * RESUME_BELOW) + 1);
      return (listener) => isCommon || hasOwnRoom(listener);
    },
  };
}
