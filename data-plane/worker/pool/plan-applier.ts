/**
 * Makes all workers run a plan: new sockets are bound, workers stop accepting for removed listeners, all of them prepare
 * and commit the plan, then the old sockets are closed and the new ones listen.
 *
 * Invariants
 *  - one plan or retry at a time, in the order they came;
 *  - a plan never fails: a listener that this proxy can't run, or whose address can't be bound, fails alone, is tried again
 *    each second for as long as the plan has it, and each change is reported;
 *  - when an address replaces another that overlaps it, a socket takes clients at every moment. A client that knocks on
 *    the old one while its last clients are taken in is served one second later;
 *  - an address of a pool that refuses while nothing is healthy is bound with the plan, and listens once `listen` says so;
 *  - clients that wait in the backlog of a removed listener are accepted under the plan that still has a pool for it;
 *  - without the C library one worker accepts, on addresses that it binds itself.
 */
import { type Clock, sleep, type Timer } from '../../../core/runtime/clock.ts';
import { addressesOverlap } from '../../../core/model/address.ts';
import { portsOf, readBinding } from '../../plan/binding.ts';
import type { Plan, PlanListener, PlanPool } from '../../plan/plan.ts';
import type { FailedListener } from '../../plan/plan-directory.ts';
import type { WorkerSockets } from './socket-lending.ts';
import type { ListeningSockets } from './listening-sockets.ts';
import type { WorkerPool } from './worker-pool.ts';

/** How long handshakes with clients that are far away may take, before a socket that they came to is closed. */
const HANDSHAKE_MS = 200;
/** An address may come at any time, such as that of VRRP, and clients come with it. A try costs microseconds. */
const RETRY_MS = 1_000;

type Revise = (failed: readonly FailedListener[]) => Plan;

export interface PlanApplierInputs {
  readonly pool: Pick<WorkerPool, 'apply' | 'listen' | 'unlisten' | 'stopAccepting'>;
  /** Null where the C library does not load. */
  readonly sockets: ListeningSockets | null;
  readonly clock: Clock;
  /** Why this proxy can't run a listener now, in words; null: it can. Asked with each plan, and again with each retry. */
  obstacle(listener: PlanListener, pool: PlanPool | undefined): string | null;
  /** No worker can listen on a new address before it has left an old one that overlaps it: clients are refused meanwhile. */
  onGap(from: string, to: string): void;
  /** Called after a retry, when other listeners fail than before. `apply` returns what failed. */
  onListenersChanged(failed: readonly FailedListener[]): void;
}

export class PlanApplier {
  readonly #inputs: PlanApplierInputs;
  #last: Promise<unknown> = Promise.resolve();
  #plan: Plan | null = null;
  /** Listeners that workers accept for: binding by row. */
  readonly #listening = new Map<number, string>();
  /** By binding: why the listener can't run here. */
  #obstacles: ReadonlyMap<string, string> = new Map();
  /** By binding: why no worker accepts on it. Addresses that can't be bound are in `sockets.failures`. */
  readonly #failures = new Map<string, string>();
  /** By binding that does not listen yet: its pool. */
  #waiting: ReadonlyMap<string, string> = new Map();
  #retry: Timer | null = null;
  #isStopped = false;

  constructor(inputs: PlanApplierInputs) {
    this.#inputs = inputs;
  }

  /**
   * Resolves when all workers run the plan. `revise` makes the plan that they run, once it is known which listeners can't be
   * bound; it has the same listeners.
   */
  apply(
    plan: Plan,
    revise: Revise = () => plan,
  ): Promise<{ readonly failedListeners: readonly FailedListener[] }> {
    return this.#inTurn(async () => {
      this.#waiting = this.#newThatRefuse(plan);
      await this.#run(plan, revise);
      const failedListeners = this.#failed(plan);
      this.#scheduleRetry(failedListeners);
      return { failedListeners };
    });
  }

  /** Listens on the addresses that wait for one of these pools. Returns whether none waits any more. */
  async listen(isReady: (pool: string) => boolean): Promise<boolean> {
    const waiting = new Map([...this.#waiting].filter(([, pool]) => !isReady(pool)));
    if (waiting.size < this.#waiting.size) {
      this.#waiting = waiting;
      await this.retryFailed();
    }
    return waiting.size === 0;
  }

  /** Tries the listeners that failed once more. */
  retryFailed(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#plan) return;
      const before = this.#failed(this.#plan);
      await this.#run(this.#plan, null);
      const failed = this.#failed(this.#plan);
      if (JSON.stringify(failed) !== JSON.stringify(before)) this.#inputs.onListenersChanged(failed);
      this.#scheduleRetry(failed);
    });
  }

  /** Stops accepting for good. Plans can still be applied. */
  stopAccepting(): Promise<void> {
    this.#isStopped = true;
    this.#retry?.cancel();
    return this.#inTurn(async () => {
      if (this.#inputs.sockets?.leaveToOthers() === true) await sleep(this.#inputs.clock, HANDSHAKE_MS);
      await this.#inputs.pool.stopAccepting();
      this.#inputs.sockets?.closeAll();
    });
  }

  /** `revise` is null for a plan that runs already. */
  async #run(plan: Plan, revise: Revise | null): Promise<void> {
    const { pool, sockets } = this.#inputs;
    const listeners = this.#runnable(plan);
    const bindings = this.#isStopped ? [] : listeners.map(({ binding }) => binding);
    const prepared = sockets?.prepare(bindings);
    try {
      if (prepared?.replaces === true) {
        prepared.replace();
        await sleep(this.#inputs.clock, HANDSHAKE_MS);
      } else if (!sockets) this.#reportGaps(bindings);
      // Before the plan: under it workers have no pool for these rows, and would reset the clients that they take in. An
      // address that stays keeps its row, whatever its listener is called.
      await this.#unlistenAllBut(listeners);
      prepared?.closeReplaced();
      if (revise) await pool.apply(revise(this.#failed(plan)));
    } catch (error) {
      prepared?.abort();
      this.#waiting = new Map();
      if (this.#plan) await this.#restore(this.#plan);
      throw error;
    }
    this.#plan = plan;
    this.#failures.clear();
    // No worker accepts on the old sockets now, so they may be closed: their numbers are given out again.
    prepared?.commit(this.#waiting);
    await this.#listenAll(listeners);
  }

  /** Sockets that were replaced are opened again. */
  async #restore(plan: Plan): Promise<void> {
    const listeners = this.#runnable(plan);
    this.#inputs.sockets?.prepare(listeners.map(({ binding }) => binding)).commit();
    await this.#listenAll(listeners);
  }

  /** The listeners that nothing speaks against. */
  #runnable({ listeners, pools }: Plan): readonly PlanListener[] {
    const obstacles = new Map<string, string>();
    for (const listener of listeners) {
      const obstacle = this.#inputs.obstacle(listener, pools[listener.pool]);
      if (obstacle !== null) obstacles.set(listener.binding, obstacle);
    }
    this.#obstacles = obstacles;
    return listeners.filter(({ binding }) => !obstacles.has(binding));
  }

  /** An address that overlaps one where clients come already does not wait. */
  #newThatRefuse({ listeners, pools }: Plan): ReadonlyMap<string, string> {
    const old = [...this.#listening.values()];
    const isNew = ({ row, binding }: PlanListener) =>
      this.#listening.get(row) !== binding && !old.some((from) => overlap(from, binding));
    return new Map(
      listeners.flatMap((listener) => {
        const routed = listener.firstBytes?.routes.map(({ pool }) => pool) ?? [];
        const pool = [listener.pool, ...routed].map((index) => pools[index]).find((each) => each?.refuses);
        return pool && isNew(listener) ? [[listener.binding, pool.name]] : [];
      }),
    );
  }

  #reportGaps(bindings: readonly string[]): void {
    const old = [...this.#listening.values()].filter((binding) => !bindings.includes(binding));
    for (const from of old) {
      const to = bindings.find((binding) => overlap(from, binding));
      if (to !== undefined) this.#inputs.onGap(from, to);
    }
  }

  async #unlistenAllBut(listeners: readonly PlanListener[]): Promise<void> {
    const wanted = new Map(listeners.map(({ row, binding }) => [row, binding]));
    const unwanted = [...this.#listening]
      .filter(([row, binding]) => wanted.get(row) !== binding)
      .map(([row]) => row);
    for (const row of unwanted) this.#listening.delete(row);
    await Promise.all(unwanted.map((row) => this.#inputs.pool.unlisten(row)));
  }

  async #listenAll(listeners: readonly PlanListener[]): Promise<void> {
    if (!this.#isStopped) await Promise.all(listeners.map((listener) => this.#listen(listener)));
  }

  async #listen({ row, binding }: PlanListener): Promise<void> {
    if (this.#listening.get(row) === binding || this.#waiting.has(binding)) return;
    const own = this.#socketsOf(binding);
    if (!own) return;
    this.#listening.set(row, binding);
    const failure = await this.#inputs.pool.listen(row, own);
    if (failure === null) return;
    this.#failures.set(binding, failure);
    this.#listening.delete(row);
  }

  #socketsOf(binding: string): WorkerSockets | null {
    const { sockets } = this.#inputs;
    if (sockets) return sockets.descriptors(binding);
    const address = readBinding(binding);
    const isSimple = address !== null && portsOf(address) === 1 && !address.ipv6Only;
    if (isSimple) return [{ type: 'address', host: address.host, port: address.port }];
    this.#failures.set(binding, 'ranges of ports and listeners for IPv6 alone need the C library');
    return null;
  }

  #failed(plan: Plan): FailedListener[] {
    return plan.listeners.flatMap(({ name, address, binding }) => {
      const reason =
        this.#obstacles.get(binding) ??
        this.#failures.get(binding) ??
        this.#inputs.sockets?.failures.get(binding);
      return reason === undefined ? [] : [{ listener: name, address, reason }];
    });
  }

  #scheduleRetry(failed: readonly FailedListener[]): void {
    this.#retry?.cancel();
    this.#retry = null;
    if (failed.length === 0 || this.#isStopped) return;
    this.#retry = this.#inputs.clock.after(RETRY_MS, () => void this.retryFailed());
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action);
    this.#last = result.catch(() => {});
    return result;
  }
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [readBinding(one), readBinding(other)];
  return a !== null && b !== null && addressesOverlap(a, b);
}
