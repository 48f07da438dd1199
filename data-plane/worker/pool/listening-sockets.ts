/**
 * The listening sockets of a proxy: one per worker and address, all with SO_REUSEPORT, kept by the main thread and lent
 * to the workers. Keyed by address: a listener that is renamed or gets another pool keeps its sockets.
 *
 * Invariants
 *  - `prepare` binds without listening, so that an abort resets no client;
 *  - an address that can't be bound has no sockets at all, and a reason; the other addresses are not affected;
 *  - unless addresses are shared, a probe bind without SO_REUSEPORT finds a socket of another process on the address:
 *    otherwise the kernel would let us share it silently with another process of the same user. An address that overlaps
 *    one we hold is not probed, since the probe would find our own sockets.
 */
import { type Address, addressesOverlap, parseAddress } from '../../../core/model/address.ts';
import { errnoName } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import { BACKLOG, KEEP_ALIVE } from '../../kernel/socket-settings.ts';

/** Accepted sockets inherit these, at no cost for each. */
const INHERITED = [
  ['noDelay', 1],
  ['keepAlive', 1],
  ['keepAliveIdleSeconds', KEEP_ALIVE.idleSeconds],
  ['keepAliveIntervalSeconds', KEEP_ALIVE.intervalSeconds],
  ['keepAliveProbes', KEEP_ALIVE.probes],
] as const;

export interface ListeningSocketsInputs {
  readonly libc: Libc;
  readonly workerCount: number;
  /** Let other processes hold the same addresses. */
  readonly shareListeners: boolean;
}

export interface PreparedSockets {
  /** Starts listening on new sockets and closes those that are no longer wanted. */
  commit(): void;
  /** Closes the new sockets. */
  abort(): void;
}

interface Held {
  readonly address: Address;
  readonly fds: readonly number[];
}

export class ListeningSockets {
  readonly #inputs: ListeningSocketsInputs;
  /** Listening, by canonical address. */
  readonly #held = new Map<string, Held>();
  readonly #failures = new Map<string, string>();

  constructor(inputs: ListeningSocketsInputs) {
    this.#inputs = inputs;
  }

  /** By worker; null: nothing listens on the address. */
  descriptors(address: string): readonly number[] | null {
    return this.#held.get(address)?.fds ?? null;
  }

  /** By address: why it has no sockets, though it was wanted. */
  get failures(): ReadonlyMap<string, string> {
    return this.#failures;
  }

  /** Binds those of `addresses` that are not held yet, those that failed before included. */
  prepare(addresses: readonly string[]): PreparedSockets {
    const bound = new Map<string, Held>();
    const failures = new Map<string, string>();
    for (const text of addresses) {
      if (this.#held.has(text) || bound.has(text)) continue;
      const held = this.#bindAll(text);
      if (typeof held === 'string') failures.set(text, held);
      else bound.set(text, held);
    }
    return {
      commit: () => this.#commit(new Set(addresses), bound, failures),
      abort: () => {
        for (const { fds } of bound.values()) this.#close(fds);
      },
    };
  }

  /** Closes everything. Clients that were not accepted yet are reset. */
  closeAll(): void {
    for (const { fds } of this.#held.values()) this.#close(fds);
    this.#held.clear();
  }

  #commit(
    wanted: ReadonlySet<string>,
    bound: ReadonlyMap<string, Held>,
    failures: ReadonlyMap<string, string>,
  ): void {
    for (const [text, { fds }] of this.#held) {
      if (wanted.has(text)) continue;
      this.#close(fds);
      this.#held.delete(text);
    }
    this.#failures.clear();
    for (const [text, reason] of failures) this.#failures.set(text, reason);
    for (const [text, held] of bound) {
      const failed = held.fds.map((fd) => this.#inputs.libc.listen(fd, BACKLOG)).find((result) => result < 0);
      if (failed === undefined) {
        this.#held.set(text, held);
      } else {
        this.#close(held.fds);
        this.#failures.set(text, describe(-failed));
      }
    }
  }

  /** All sockets of an address, or why it can't be bound. */
  #bindAll(text: string): Held | string {
    const parsed = parseAddress(text);
    if (!parsed.ok) return parsed.description;
    const address = parsed.value;
    const refused = this.#probe(address);
    if (refused < 0) return describe(-refused);
    const fds: number[] = [];
    for (let worker = 0; worker < this.#inputs.workerCount; worker++) {
      const fd = this.#bound(address, true);
      if (fd < 0) {
        this.#close(fds);
        return describe(-fd);
      }
      fds.push(fd);
    }
    return { address, fds };
  }

  #probe(address: Address): number {
    const overlapsOurs = [...this.#held.values()].some((held) => addressesOverlap(held.address, address));
    if (this.#inputs.shareListeners || overlapsOurs) return 0;
    const fd = this.#bound(address, false);
    return fd < 0 ? fd : this.#inputs.libc.close(fd);
  }

  /** A socket bound to an address, or the errno negated. */
  #bound(address: Address, reusePort: boolean): number {
    const { libc } = this.#inputs;
    const fd = libc.socket(address.family);
    if (fd < 0) return fd;
    libc.setOption(fd, 'reuseAddress', 1);
    if (reusePort) libc.setOption(fd, 'reusePort', 1);
    for (const [option, value] of INHERITED) libc.setOption(fd, option, value);
    // Set explicitly, since hosts differ in their default: [::] takes IPv4 too.
    if (address.family === 6) libc.setOption(fd, 'ipv6Only', 0);
    const result = libc.bind(fd, address.bytes, address.port);
    if (result >= 0) return fd;
    libc.close(fd);
    return result;
  }

  #close(fds: readonly number[]): void {
    for (const fd of fds) this.#inputs.libc.close(fd);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another socket holds this address',
  EADDRNOTAVAIL: 'this host has no such IP address',
  EACCES: 'this user may not bind this port',
  EAFNOSUPPORT: 'this host has no IPv6',
  EMFILE: 'this process is out of descriptors',
};

function describe(errno: number): string {
  const name = errnoName(errno);
  return `${name}: ${WORDS[name] ?? 'the address cannot be bound'}`;
}
