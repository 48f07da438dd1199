/**
 * Performs what the expiry machine decides, and logs every registration that is not in its pool.
 *
 * Invariant: nothing is decided while the store is away, for what is in memory then says nothing about leases.
 */
import { every, type Timer } from '../../../core/runtime/clock.ts';
import { messageOf } from '../../../core/runtime/errors.ts';
import { type Followed, STORE_FRESH_MS } from '../log/log-follower.ts';
import { isRegistration } from '../member-store.ts';
import { type ExpiryEffect, NOTHING_SEEN, stepExpiry } from './expiry-machine.ts';
import type { MembersDeps } from './members.ts';
import { mergeMembers } from './merge-members.ts';

const TICK_MS = 250;

export class Expiry {
  readonly #deps: MembersDeps;
  #state = NOTHING_SEEN;
  #ticks: Timer | undefined;
  #running = false;
  #stopFollowing: () => void = () => undefined;
  /** Name and reason of every registration that was logged as left out of its pool. */
  #logged = new Set<string>();

  constructor(deps: MembersDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stopFollowing = this.#deps.follower.onChange((followed) => this.#logLeftOut(followed));
    this.#ticks = every(this.#deps.clock, TICK_MS, () => void this.#run());
  }

  stop(): void {
    this.#ticks?.cancel();
    this.#stopFollowing();
  }

  async #run(): Promise<void> {
    const { follower, clock, logger } = this.#deps;
    const followed = follower.current();
    if (this.#running || followed === null || follower.storeAgeMs() > STORE_FRESH_MS) return;
    const registrations = followed.members.filter(isRegistration);
    const input = { registrations, nowMs: clock.nowMs(), wallMs: clock.wallMs() };
    const { state, effects } = stepExpiry(this.#state, input);
    this.#state = state;
    if (effects.length === 0) return;
    this.#running = true;
    try {
      for (const effect of effects) await this.#perform(effect);
      await follower.catchUp();
    } catch (error) {
      // The next run decides again what is left to do.
      logger.debug({ reason: messageOf(error) }, 'registrations whose lease has ended could not be written');
    } finally {
      this.#running = false;
    }
  }

  async #perform(effect: ExpiryEffect): Promise<void> {
    const { memberStore, logger } = this.#deps;
    const { member } = effect;
    const { pool, address } = member.value;
    if (effect.type === 'remove') {
      const isHeld = member.value.state === 'expiring';
      if (!(await memberStore.remove(member, !isHeld))) return;
      logger.warn({ pool, backend: address, why: effect.why }, 'a registered backend is out of its pool');
      return;
    }
    const held = { ...member.value, state: 'expiring', heldUntilMs: effect.untilMs } as const;
    if ((await memberStore.put(held, member)) === null) return;
    const { lost, of } = effect;
    const until = new Date(effect.untilMs).toISOString();
    const words = `${lost} of ${of} registrations of the pool "${pool}" were lost within one ttl: they stay as expiring until ${until}, and health checks decide about their traffic`;
    logger.warn({ pool, backend: address, lost, of, until }, words);
  }

  #logLeftOut({ state, members }: Followed): void {
    const leftOut = mergeMembers(state, members).registrations.filter(
      ({ source }) => source !== 'registered',
    );
    const keys = new Set<string>();
    for (const { member, source, reason } of leftOut) {
      const key = `${member.name} ${reason}`;
      keys.add(key);
      if (this.#logged.has(key)) continue;
      const { pool, address } = member.value;
      this.#deps.logger.warn({ pool, backend: address, reason }, `a registration is ${source}`);
    }
    this.#logged = keys;
  }
}
