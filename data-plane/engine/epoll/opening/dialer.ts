/**
 * Connects to backends.
 *
 * Invariant: every descriptor is either returned or closed.
 */
import { parseIp } from '../../../../core/model/ip.ts';
import type { Targets } from '../../engine.ts';
import { isOutOfPorts } from '../../../kernel/errno.ts';
import { EADDRNOTAVAIL, EINPROGRESS, EISCONN } from '../../../kernel/linux.ts';
import type { Kernel } from '../../../kernel/loop-calls.ts';

/** Returned by `finish`. */
export const CONNECTED = 0;

export class Dialer {
  readonly #sys: Kernel;
  readonly #targets: Targets;
  /** Source addresses, by their length. */
  readonly #sources: { readonly 4: readonly Uint8Array[]; readonly 16: readonly Uint8Array[] };
  #turn = 0;
  /** The address to connect to, by its length. */
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

  /** The address of a row, until the next call. */
  ipOf(row: number): Uint8Array {
    const ip = this.#ip[this.#targets.ipLength(row)];
    this.#targets.copyIp(row, ip, 0);
    return ip;
  }

  /** A descriptor that is connecting to a row, or the errno negated. A row without a port is dialled at `asked`. */
  dial(row: number, asked: number): number {
    const length = this.#targets.ipLength(row);
    const sources = this.#sources[length];
    if (sources.length === 0) return this.#dialFrom(row, asked, null);
    // Each source address has its own local ports: when one has none left, another may have some.
    let result = -EADDRNOTAVAIL;
    for (let attempts = 0; attempts < sources.length && isOutOfPorts(-result); attempts++) {
      this.#turn = (this.#turn + 1) % sources.length;
      result = this.#dialFrom(row, asked, sources[this.#turn] ?? null);
    }
    return result;
  }

  /**
   * The outcome of a connect whose deadline has passed, since its event may not have been seen yet. CONNECTED, or the
   * errno, positive: EALREADY when it is still connecting.
   */
  finish(fd: number, row: number, asked: number): number {
    const result = this.#connect(fd, row, asked);
    return result === 0 || result === -EISCONN ? CONNECTED : -result;
  }

  /** Whether a connect met itself instead of the backend of a row. Most ports are never local ones, which costs no call. */
  metItself(fd: number, row: number, asked: number): boolean {
    const port = this.#targets.port(row) || asked;
    const [lowest, highest] = this.#sys.localPorts;
    return port >= lowest && port <= highest && this.#sys.isItsOwnPeer(fd, port);
  }

  #dialFrom(row: number, asked: number, source: Uint8Array | null): number {
    const sys = this.#sys;
    const fd = sys.socket(this.#targets.ipLength(row) === 4 ? 4 : 6);
    if (fd < 0) return fd;
    sys.setOption(fd, 'noDelay', 1);
    sys.setOption(fd, 'outOfBandInline', 1);
    let result = 0;
    if (source !== null) {
      sys.setOption(fd, 'bindAddressNoPort', 1);
      result = sys.bind(fd, source, 0);
    }
    if (result >= 0) result = this.#connect(fd, row, asked);
    if (result >= 0 || result === -EINPROGRESS) return fd;
    sys.close(fd);
    return result;
  }

  #connect(fd: number, row: number, asked: number): number {
    return this.#sys.connect(fd, this.ipOf(row), this.#targets.port(row) || asked);
  }
}
