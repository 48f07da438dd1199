/**
 * Connects to backends.
 *
 * Invariant: a descriptor is returned, or closed.
 */
import { parseIp } from '../../../core/model/ip.ts';
import type { Targets } from '../engine.ts';
import { isOutOfPorts } from '../../kernel/errno.ts';
import { OPTION } from '../../kernel/linux.ts';
import { EADDRNOTAVAIL, EINPROGRESS, EISCONN, type Kernel } from '../../kernel/loop-calls.ts';

/** What `finish` found. */
export const CONNECTED = 0;

export class Dialer {
  readonly #sys: Kernel;
  readonly #targets: Targets;
  /** By length of the address: addresses towards backends. */
  readonly #sources: { readonly 4: readonly Uint8Array[]; readonly 16: readonly Uint8Array[] };
  #turn = 0;

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
    this.#setAddress(row, this.#targets.ipLength(row));
    const result = this.#sys.connect(fd);
    return result === 0 || result === -EISCONN ? CONNECTED : -result;
  }

  #dialFrom(row: number, length: 4 | 16, source: Uint8Array | null): number {
    const sys = this.#sys;
    const fd = sys.socket(length);
    if (fd < 0) return fd;
    sys.setOption(fd, OPTION.noDelay, 1);
    let result = source === null ? 0 : this.#bind(fd, source);
    if (result >= 0) {
      this.#setAddress(row, length);
      result = sys.connect(fd);
    }
    if (result >= 0 || result === -EINPROGRESS) return fd;
    sys.close(fd);
    return result;
  }

  #bind(fd: number, source: Uint8Array): number {
    this.#sys.setOption(fd, OPTION.bindAddressNoPort, 1);
    const { bytes, start } = this.#sys.addressFor(source.length === 4 ? 4 : 16, 0);
    bytes.set(source, start);
    return this.#sys.bind(fd);
  }

  #setAddress(row: number, length: 4 | 16): void {
    const { bytes, start } = this.#sys.addressFor(length, this.#targets.port(row));
    this.#targets.copyIp(row, bytes, start);
  }
}
