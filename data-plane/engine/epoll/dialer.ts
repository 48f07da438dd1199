/**
 * Connects to backends.
 *
 * Invariant: a descriptor is returned, or closed.
 */
import { parseIp } from '../../../core/model/ip.ts';
import type { Targets } from '../engine.ts';
import { isOutOfPorts } from '../../kernel/errno.ts';
import { EADDRNOTAVAIL, EINPROGRESS, EISCONN } from '../../kernel/linux.ts';
import type { Kernel } from '../../kernel/loop-calls.ts';

/** What `finish` found. */
export const CONNECTED = 0;

export class Dialer {
  readonly #sys: Kernel;
  readonly #targets: Targets;
  /** By length of the address: addresses towards backends. */
  readonly #sources: { readonly 4: readonly Uint8Array[]; readonly 16: readonly Uint8Array[] };
  #turn = 0;
  /** By length of the address: the backend's. */
  readonly #ip = { 4: new Uint8Array(4), 16: new Uint8Array(16) } as const;

  constructor(sys: Kernel, targets: Targets, sourceAddresses: readonly string[]) {
    this.#sys = sys;
    this.#targets = targets;
    const sources = sourceAddresses.map(parseIp).filter((ip) => ip !== null);
    this.#sources = {
      4: sources.filter(({ length }) => length === 4),
      16: sources.filter(({ length }) => length === 16),
    };
  }

  /** A descriptor that is connecting to a row, or the errno negated. */
  dial(row: number): number {
    const length = this.#targets.ipLength(row);
    const sources = this.#sources[length];
    if (sources.length === 0) return this.#dialFrom(row, length, null);
    // Each source address has local ports of its own: when one is out of them, another may not be.
    let result = -EADDRNOTAVAIL;
    for (let tries = 0; tries < sources.length && isOutOfPorts(-result); tries++) {
      this.#turn = (this.#turn + 1) % sources.length;
      result = this.#dialFrom(row, length, sources[this.#turn] ?? null);
    }
    return result;
  }

  /**
   * Asks how a connect stands whose deadline has passed: its event may not have been seen yet. CONNECTED, or the errno,
   * positive: EALREADY when it is under way still.
   */
  finish(fd: number, row: number): number {
    const result = this.#connect(fd, row, this.#targets.ipLength(row));
    return result === 0 || result === -EISCONN ? CONNECTED : -result;
  }

  #dialFrom(row: number, length: 4 | 16, source: Uint8Array | null): number {
    const sys = this.#sys;
    const fd = sys.socket(length === 4 ? 4 : 6);
    if (fd < 0) return fd;
    sys.setOption(fd, 'noDelay', 1);
    let result = 0;
    if (source !== null) {
      sys.setOption(fd, 'bindAddressNoPort', 1);
      result = sys.bind(fd, source, 0);
    }
    if (result >= 0) result = this.#connect(fd, row, length);
    if (result >= 0 || result === -EINPROGRESS) return fd;
    sys.close(fd);
    return result;
  }

  #connect(fd: number, row: number, length: 4 | 16): number {
    this.#targets.copyIp(row, this.#ip[length], 0);
    return this.#sys.connect(fd, this.#ip[length], this.#targets.port(row));
  }
}
