/**
 * The listening sockets of a proxy: one per worker and port of an address, all with SO_REUSEPORT, kept by the main thread
 * and lent to the workers. Keyed by what they are bound to: a listener that is renamed or gets another pool keeps its
 * sockets.
 *
 * Invariants
 *  - `prepare` binds without listening, so that an abort resets no client;
 *  - when an address replaces another that overlaps it, the new sockets listen before the old ones are closed;
 *  - an address of which a port can't be bound has no sockets at all, and a reason; the other addresses are not affected;
 *  - all sockets together take at most half of the descriptors that this process may have;
 *  - unless addresses are shared, the first socket of a port binds and listens without SO_REUSEPORT, which the kernel
 *    refuses where any other socket listens: otherwise we would share the address silently with another process of the
 *    same user. An address that overlaps one we hold is not protected so, since our own sockets would be in the way.
 */
import { type Accepting, addressesOverlap } from '../../../core/model/address.ts';
import type { ListenOn } from '../../engine/engine.ts';
import { errnoName } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import { BACKLOG, KEEP_ALIVE } from '../../kernel/socket-settings.ts';
import { portsOf, readBinding } from '../../plan/binding.ts';

/** Accepted sockets inherit these, at no cost for each. */
const INHERITED = [
  ['noDelay', 1],
  ['outOfBandInline', 1],
  ['keepAlive', 1],
  ['keepAliveIdleSeconds', KEEP_ALIVE.idleSeconds],
  ['keepAliveIntervalSeconds', KEEP_ALIVE.intervalSeconds],
  ['keepAliveProbes', KEEP_ALIVE.probes],
] as const;

export interface ListeningSocketsInputs {
  readonly libc: Libc;
  readonly workerCount: number;
  /** The most sockets at one time. */
  readonly maxSockets: number;
  /** Let other processes hold the same addresses. */
  readonly shareListeners: boolean;
  /** Whether the kernel moves clients that wait on a socket to another one of its address when it is closed. */
  readonly movesClients: () => boolean;
}

export interface PreparedSockets {
  /** Whether new sockets overlap held ones that are no longer wanted. */
  readonly replaces: boolean;
  /** Starts listening on the sockets that replace others, which get no new client from now on. */
  replace(): void;
  /** Closes the sockets that were replaced, once no worker accepts on them. New clients reach the new ones. */
  closeReplaced(): void;
  /** Starts listening on the other new sockets, except those of `waiting`, and closes those that are no longer wanted. */
  commit(waiting?: { has(binding: string): boolean }): void;
  /** Closes the new sockets. */
  abort(): void;
}

interface Held {
  readonly address: Accepting;
  /** Those of the first port by worker, then those of the next. */
  readonly fds: readonly number[];
}

export class ListeningSockets {
  readonly #inputs: ListeningSocketsInputs;
  /** Listening, by binding. */
  readonly #held = new Map<string, Held>();
  /** Bound, to listen after a later commit. */
  readonly #waiting = new Map<string, Held>();
  readonly #failures = new Map<string, string>();

  constructor(inputs: ListeningSocketsInputs) {
    this.#inputs = inputs;
  }

  /** By worker; null: nothing listens there. */
  descriptors(binding: string): readonly Extract<ListenOn, { type: 'descriptors' }>[] | null {
    const held = this.#held.get(binding);
    const { workerCount } = this.#inputs;
    if (!held) return null;
    return Array.from({ length: workerCount }, (_, worker) => ({
      type: 'descriptors',
      fds: held.fds.filter((_fd, index) => index % workerCount === worker),
      firstPort: held.address.port,
    }));
  }

  /** By binding: why it has no sockets, though it was wanted. */
  get failures(): ReadonlyMap<string, string> {
    return this.#failures;
  }

  /** Binds those of `bindings` that are not held yet, those that failed before included. */
  prepare(bindings: readonly string[]): PreparedSockets {
    const bound = new Map<string, Held>();
    const failures = new Map<string, string>();
    let count = this.#count;
    for (const text of bindings) {
      if (this.#held.has(text) || bound.has(text)) continue;
      const waiting = this.#waiting.get(text);
      const held = waiting ?? this.#bindAll(text, count);
      if (typeof held === 'string') failures.set(text, held);
      else bound.set(text, held);
      if (!waiting && typeof held !== 'string') count += held.fds.length;
    }
    const wanted = new Set(bindings);
    const { replacing, replaced } = this.#overlaps(wanted, bound);
    return {
      replaces: replaced.size > 0,
      replace: () => {
        for (const [text, reason] of this.#listen(replacing)) {
          bound.delete(text);
          failures.set(text, reason);
        }
        for (const { fds } of replaced.values()) this.#dropConnects(fds);
      },
      closeReplaced: () => this.#drop(replaced),
      commit: (waiting = new Set()) => {
        this.#failures.clear();
        for (const [text, reason] of failures) this.#failures.set(text, reason);
        this.#drop([...this.#held].filter(([text]) => !wanted.has(text)));
        for (const [text, { fds }] of this.#waiting) if (!wanted.has(text)) this.#close(fds);
        this.#waiting.clear();
        for (const [text, held] of bound) if (waiting.has(text)) this.#waiting.set(text, held);
        const rest = [...bound].filter(([text]) => !this.#held.has(text) && !this.#waiting.has(text));
        for (const [text, reason] of this.#listen(rest)) this.#failures.set(text, reason);
      },
      abort: () => {
        for (const { fds } of bound.values()) this.#close(fds);
        for (const text of bound.keys()) for (const map of [this.#held, this.#waiting]) map.delete(text);
      },
    };
  }

  /**
   * Another process may hold the addresses too, and new clients are its own from now on. Whether there are handshakes
   * under way to wait for: where the kernel moves clients to the other process, nothing needs to be done.
   */
  leaveToOthers(): boolean {
    const { movesClients, shareListeners } = this.#inputs;
    if (!shareListeners || this.#held.size === 0 || movesClients()) return false;
    for (const { fds } of this.#held.values()) this.#dropConnects(fds);
    return true;
  }

  /** Closes everything. Clients that were not accepted yet are reset. */
  closeAll(): void {
    for (const map of [this.#held, this.#waiting]) {
      for (const { fds } of map.values()) this.#close(fds);
      map.clear();
    }
  }

  /** New sockets and unwanted ones whose addresses overlap. */
  #overlaps(wanted: ReadonlySet<string>, bound: ReadonlyMap<string, Held>) {
    const replacing = new Map<string, Held>();
    const replaced = new Map<string, Held>();
    for (const [text, held] of this.#held) {
      if (wanted.has(text)) continue;
      for (const [newText, next] of bound) {
        if (!addressesOverlap(held.address, next.address)) continue;
        replaced.set(text, held);
        replacing.set(newText, next);
      }
    }
    return { replacing, replaced };
  }

  /** Returns the addresses that fail, and why. */
  #listen(sockets: Iterable<readonly [string, Held]>): ReadonlyMap<string, string> {
    const failures = new Map<string, string>();
    for (const [text, held] of sockets) {
      const failed = held.fds.map((fd) => this.#listenOn(fd)).find((result) => result < 0);
      if (failed === undefined) {
        this.#held.set(text, held);
      } else {
        this.#close(held.fds);
        failures.set(text, describe(-failed));
      }
    }
    return failures;
  }

  #listenOn(fd: number): number {
    const { libc } = this.#inputs;
    const result = libc.listen(fd, BACKLOG);
    // The first socket lets the others in only now.
    return result < 0 ? result : libc.setOption(fd, 'reusePort', 1);
  }

  #drop(sockets: Iterable<readonly [string, Held]>): void {
    for (const [text, { fds }] of sockets) {
      this.#close(fds);
      this.#held.delete(text);
    }
  }

  /** How many there are. */
  get #count(): number {
    let count = 0;
    for (const map of [this.#held, this.#waiting]) for (const { fds } of map.values()) count += fds.length;
    return count;
  }

  /** All sockets of an address, or why it can't be bound. `count`: how many others there are. */
  #bindAll(binding: string, count: number): Held | string {
    const { maxSockets, workerCount } = this.#inputs;
    const address = readBinding(binding);
    if (!address) return `"${binding}" is no address that this proxy can read`;
    const needed = portsOf(address) * workerCount;
    if (count + needed > maxSockets) {
      return `it needs ${needed} sockets, one for each port and worker, and this process may have ${maxSockets - count} more of them; raise its limit of open files, or listen on fewer ports`;
    }
    const mayShare = this.#mayShare(address);
    const fds: number[] = [];
    for (let index = 0; index < needed; index++) {
      const [port, worker] = [address.port + Math.floor(index / workerCount), index % workerCount];
      const fd = this.#bound(address, port, mayShare || worker > 0);
      if (fd < 0) {
        this.#close(fds);
        return address.port === address.lastPort ? describe(-fd) : `${describe(-fd)} (port ${port})`;
      }
      fds.push(fd);
    }
    return { address, fds };
  }

  #mayShare(address: Accepting): boolean {
    const { shareListeners } = this.#inputs;
    return shareListeners || [...this.#held.values()].some((held) => addressesOverlap(held.address, address));
  }

  /** A socket bound to an address, or the errno negated. */
  #bound({ bytes, family, ipv6Only }: Accepting, port: number, reusePort: boolean): number {
    const { libc } = this.#inputs;
    const fd = libc.socket(family);
    if (fd < 0) return fd;
    libc.setOption(fd, 'reuseAddress', 1);
    if (reusePort) libc.setOption(fd, 'reusePort', 1);
    for (const [option, value] of INHERITED) libc.setOption(fd, option, value);
    // Set explicitly, since hosts differ in their default: [::] takes IPv4 too, unless the listener says otherwise.
    if (family === 6) libc.setOption(fd, 'ipv6Only', ipv6Only ? 1 : 0);
    const result = libc.bind(fd, bytes, port);
    if (result >= 0) return fd;
    libc.close(fd);
    return result;
  }

  /** Where the kernel refuses, clients that come in the last moment are reset, as before. */
  #dropConnects(fds: readonly number[]): void {
    for (const fd of fds) this.#inputs.libc.dropConnects(fd);
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
