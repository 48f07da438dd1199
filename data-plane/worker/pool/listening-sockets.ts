/**
 * The listening sockets of a proxy: one a worker and address, all with SO_REUSEPORT, kept by the main thread and lent
 * to the workers. Keyed by address: a listener that is renamed or gets another pool keeps its sockets.
 *
 * Invariants
 *  - `prepare` binds without listening, so that an abort resets no client;
 *  - an address that can't be bound has no sockets at all, and a reason; the others don't notice;
 *  - unless addresses are shared, a socket of another process on the address is found by a probe bind without
 *    SO_REUSEPORT: the kernel would let us share with another process of our user, silently. An address that overlaps
 *    one we hold is not probed, since our own sockets would be found.
 */
import { type Address, addressesOverlap, parseAddress } from '../../../core/model/address.ts';
import { errnoName } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import { BACKLOG, KEEP_ALIVE } from '../../kernel/socket-settings.ts';

/** What accepted sockets inherit, at no cost for each. */
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

/** What `prepare` made ready. */
export interface PreparedSockets {
  /** Starts listening on what is new and closes what is not wanted any more. */
  commit(): void;
  /** Closes what is new. */
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

  /** By worker, or null when the address is not listened on. */
  descriptors(address: string): readonly number[] | null {
    return this.#held.get(address)?.fds ?? null;
  }

  /** Why an address that was wanted has no sockets, by address. */
  get failures(): ReadonlyMap<string, string> {
    return this.#failures;
  }

  /** Binds those of `addresses` that are not held yet: also those that failed before. */
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

  /** Closes everything. Clients that no worker has accepted yet are reset. */
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

  /** All sockets of an address, or why they can't be had. */
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
    // Said, since hosts differ in their default: [::] takes IPv4 too.
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
