/**
 * The control-plane replicas of this proxy, with a client for each. A name stands for all addresses that it resolves to.
 *
 * Invariants
 *  - a name that can no longer be resolved keeps the replicas that it resolved to last;
 *  - names are looked up every half minute, sooner when no replica answers, with backoff and jitter;
 *  - `onChange` is called before the client of a replica that is gone is closed.
 */
import { type Backoff, backoff } from '../../core/runtime/backoff.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { isName, type Lookup, lookUp } from '../../core/runtime/name-lookup.ts';
import { type Random, randomBetween } from '../../core/runtime/random.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';

const REFRESH_MS = { min: 20_000, max: 40_000 };
const RETRY_MS = { min: 500, max: 30_000 };

export interface ReplicaDirectoryOptions {
  /** HOST:PORT of one or more. */
  readonly given: readonly string[];
  readonly connect: (address: string) => ReplicaClient;
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class ReplicaDirectory {
  readonly #options: ReplicaDirectoryOptions;
  readonly #names: readonly string[];
  readonly #retry: Backoff;
  /** By address or name as given: the addresses that it stands for. */
  readonly #found = new Map<string, readonly string[]>();
  /** By name: why it could not be resolved, as it was logged last. */
  readonly #troubles = new Map<string, string>();
  readonly #clients = new Map<string, ReplicaClient>();
  #onChange: (replicas: readonly ReplicaClient[]) => void = () => undefined;
  #timer: Timer | null = null;
  #hurried = false;
  #stopped = false;

  constructor(options: ReplicaDirectoryOptions) {
    this.#options = options;
    this.#names = options.given.filter(isName);
    this.#retry = backoff(RETRY_MS.min, RETRY_MS.max, options.random);
    for (const address of options.given) if (!isName(address)) this.#found.set(address, [address]);
    this.#update();
  }

  get replicas(): readonly ReplicaClient[] {
    return [...this.#clients.values()];
  }

  /** Starts to look the names up, and returns at once. `onChange` is called with every change. */
  start(onChange: (replicas: readonly ReplicaClient[]) => void): void {
    this.#onChange = onChange;
    if (this.#names.length > 0) void this.#lookUpAll();
  }

  /** Looks the names up sooner: no replica answers, and they may resolve to others by now. */
  hurry(): void {
    if (this.#hurried || this.#timer === null) return;
    this.#hurried = true;
    this.#wait(this.#retry.nextMs());
  }

  /** Closes all clients. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const client of this.#clients.values()) client.close();
  }

  async #lookUpAll(): Promise<void> {
    const { clock, lookup } = this.#options;
    const results = await Promise.all(
      this.#names.map(async (name) => ({ name, result: await lookUp(name, lookup, clock) })),
    );
    if (this.#stopped) return;
    for (const { name, result } of results) {
      if (result.ok) this.#found.set(name, result.addresses);
      this.#logTrouble(name, result.ok ? null : result.reason);
    }
    const failed = results.some(({ result }) => !result.ok);
    if (this.#update()) this.#retry.reset();
    this.#hurried = false;
    this.#wait(
      failed ? this.#retry.nextMs() : randomBetween(this.#options.random, REFRESH_MS.min, REFRESH_MS.max),
    );
  }

  #wait(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = null;
      void this.#lookUpAll();
    });
  }

  #logTrouble(name: string, trouble: string | null): void {
    const { logger } = this.#options;
    if (trouble === null) this.#troubles.delete(name);
    else if (this.#troubles.get(name) !== trouble) {
      this.#troubles.set(name, trouble);
      logger.warn(
        { control_plane: name, reason: trouble },
        'cannot resolve the name of a control plane; trying again',
      );
    }
  }

  /** Connects to replicas that are new and forgets those that are gone. True when there were any. */
  #update(): boolean {
    const { connect, logger } = this.#options;
    const wanted = new Set([...this.#found.values()].flat());
    const added = [...wanted].filter((address) => !this.#clients.has(address));
    const gone = [...this.#clients].filter(([address]) => !wanted.has(address));
    if (added.length === 0 && gone.length === 0) return false;
    for (const address of added) this.#clients.set(address, connect(address));
    for (const [address] of gone) this.#clients.delete(address);
    if (this.#names.length > 0) logger.info({ control_planes: [...wanted] }, 'the control planes changed');
    this.#onChange(this.replicas);
    for (const [, client] of gone) client.close();
    return true;
  }
}
