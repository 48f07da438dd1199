/** The runner of the subscription: performs the effects that subscription-machine.ts returns, and sends it events. */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import { type Backoff, backoff } from '../../core/runtime/backoff.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { type Random, randomBelow, randomBetween } from '../../core/runtime/random.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import { type DiscoveryStream, openDiscoveryStream } from './discovery-stream.ts';
import type { ReplicaView } from './replica-choice.ts';
import { initialState, step } from './subscription-machine.ts';
import { type Effect, type Event, isTemporary, type State } from './subscription-state.ts';

const RETRY_MS = { min: 100, max: 2_000 };
/** After a temporary violation. */
const AGAIN_MS = { min: 1_000, max: 10_000 };
/** While only an operator can help. */
const SLOW_RETRY_MS = { min: 5_000, max: 30_000 };

/**
 * Before a move to a fresher replica. All proxies of a stale replica find out at once, and again whenever the store
 * comes and goes: so the first delay is random within a few seconds, and each later one is twice as long, with a floor.
 */
const MOVE_MS = { first: 4_000, max: 64_000 };
/** After so long without a move, the next one counts as the first. */
const MOVE_CALM_MS = 5 * 60_000;

const VIOLATIONS_LOGGED = 20;

export interface SubscriptionOptions {
  readonly proxyId: string;
  /** Empty while only names are known. */
  readonly replicas: readonly ReplicaClient[];
  /** The snapshot that was read from disk. */
  readonly current: Snapshot | null;
  /**
   * Brings a snapshot to all workers and to disk; called again only when the last call has settled. Returns the reasons
   * why it cannot run; empty: it runs.
   */
  readonly apply: (snapshot: Snapshot) => Promise<readonly Violation[]>;
  readonly onRejected: (position: Position, violations: readonly Violation[]) => void;
  /** No replica could be used: their names may resolve to others by now. */
  readonly onAllFailed: () => void;
  /** A control plane confirmed that this proxy should run `current`. */
  readonly onConfirmed: () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class Subscription {
  readonly #options: SubscriptionOptions;
  #clients: ReadonlyMap<string, ReplicaClient>;
  readonly #retry: Backoff;
  readonly #slowRetry: Backoff;
  readonly #again: Backoff;
  #lastMove = { atMs: Number.NEGATIVE_INFINITY, longestMs: MOVE_MS.first };
  #state: State;
  #stream: DiscoveryStream | null = null;
  #timer: Timer | null = null;
  #moveTimer: Timer | null = null;
  #againTimer: Timer | null = null;
  #lastConnectedMs: number | null = null;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#clients = byAddress(options.replicas);
    this.#retry = backoff(RETRY_MS.min, RETRY_MS.max, options.random);
    this.#slowRetry = backoff(SLOW_RETRY_MS.min, SLOW_RETRY_MS.max, options.random);
    this.#again = backoff(AGAIN_MS.min, AGAIN_MS.max, options.random);
    // In a random order, or all proxies would choose the first replica.
    this.#state = initialState(shuffled([...this.#clients.keys()], options.random), options.current);
  }

  start(): void {
    this.#handle({ type: 'start' });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#moveTimer?.cancel();
    this.#againTimer?.cancel();
    this.#handle({ type: 'stop' });
  }

  /** Replaces the list of replicas. The clients of those that are gone may be closed afterwards. */
  setReplicas(replicas: readonly ReplicaClient[]): void {
    this.#clients = byAddress(replicas);
    const addresses = shuffled([...this.#clients.keys()], this.#options.random);
    this.#handle({ type: 'replicas-changed', replicas: addresses });
  }

  /** A stream to a control plane is open. */
  get connected(): boolean {
    const { link } = this.#state;
    return link.type === 'subscribed' || (link.type === 'applying' && link.streaming);
  }

  /** When a stream to a control plane was last open, in milliseconds since 1970; null: never. */
  get lastConnectedMs(): number | null {
    return this.connected ? this.#options.clock.wallMs() : this.#lastConnectedMs;
  }

  /** What a replica says about itself on its report stream; null: that stream is lost. */
  onReplicaReport(replica: string, view: ReplicaView | null): void {
    this.#handle({ type: 'replica-reported', replica, view });
  }

  #handle(event: Event): void {
    // A replica that withholds does not confirm the running snapshot, though its stream was open for a moment.
    if (this.connected && event.type !== 'withheld') this.#lastConnectedMs = this.#options.clock.wallMs();
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const { logger, proxyId, onConfirmed } = this.#options;
    switch (effect.type) {
      case 'connect':
        return this.#connect(effect.replica);
      case 'subscribe':
        return this.#stream?.subscribe(proxyId, effect.position, effect.snapshotHash);
      case 'disconnect':
        return this.#disconnect();
      case 'apply':
        return void this.#apply(effect.snapshot);
      case 'acknowledge':
        return this.#stream?.acknowledge(effect.nonce);
      case 'reject':
        return this.#reject(effect.nonce, effect.position, effect.violations);
      case 'confirmed':
        return onConfirmed();
      case 'try-again':
        return this.#tryAgain();
      case 'move-soon':
        return this.#moveSoon();
      case 'wait':
        this.#options.onAllFailed();
        return this.#wait(effect);
      case 'log':
        return logger[effect.level](effect.message);
    }
  }

  #reject(nonce: string | null, position: Position, violations: readonly Violation[]): void {
    const { logger, onRejected } = this.#options;
    if (nonce !== null) this.#stream?.reject(nonce, violations);
    const shown = violations.slice(0, VIOLATIONS_LOGGED);
    logger.error(
      { revision: position.revision, count: violations.length, violations: shown },
      'refused a snapshot; the last good one keeps running',
    );
    onRejected(position, violations);
  }

  #connect(replica: string): void {
    const client = this.#clients.get(replica);
    if (!client) throw new RangeError(`no client for the control plane ${replica}`);
    this.#againTimer?.cancel();
    this.#stream = openDiscoveryStream(client, this.#options.clock, (event) => this.#handle(event));
  }

  #disconnect(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  #moveSoon(): void {
    const { clock, random } = this.#options;
    const nowMs = clock.nowMs();
    const isFirst = nowMs - this.#lastMove.atMs > MOVE_CALM_MS;
    const longestMs = isFirst ? MOVE_MS.first : Math.min(this.#lastMove.longestMs * 2, MOVE_MS.max);
    this.#lastMove = { atMs: nowMs, longestMs };
    const delayMs = randomBetween(random, isFirst ? 0 : longestMs / 2, longestMs);
    this.#moveTimer = clock.after(delayMs, () => this.#handle({ type: 'move-due' }));
  }

  #tryAgain(): void {
    this.#againTimer?.cancel();
    this.#againTimer = this.#options.clock.after(this.#again.nextMs(), () =>
      this.#handle({ type: 'again-due' }),
    );
  }

  #wait({ first, slow }: Effect & { type: 'wait' }): void {
    const delay = slow ? this.#slowRetry : this.#retry;
    if (first) delay.reset();
    this.#timer = this.#options.clock.after(delay.nextMs(), () => this.#handle({ type: 'waited' }));
  }

  async #apply(snapshot: Snapshot): Promise<void> {
    let violations: readonly Violation[];
    try {
      violations = await this.#options.apply(snapshot);
    } catch (error) {
      violations = [{ field: '', description: `could not be applied: ${messageOf(error)}` }];
    }
    const { position } = snapshot;
    if (violations.length > 0) {
      const temporary = violations.some(isTemporary);
      return this.#handle({ type: 'apply-refused', position, violations, temporary });
    }
    this.#again.reset();
    this.#againTimer?.cancel();
    this.#handle({ type: 'applied', snapshot });
  }
}

function byAddress(replicas: readonly ReplicaClient[]): ReadonlyMap<string, ReplicaClient> {
  return new Map(replicas.map((client) => [client.address, client]));
}

/** Every order is equally likely (Fisher and Yates). */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = randomBelow(random, last + 1);
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}
