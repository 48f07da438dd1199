/**
 * Resolves the names of all pools, for the whole fleet, and writes what they lead to beside the log.
 *
 * Invariants
 *  - one replica resolves: the one that holds the role, which has a lease. When that replica is gone, another takes it;
 *  - a replica whose role has passed on overwrites nothing: every write names the token of what it has read;
 *  - a record is written only when its addresses, or what is wrong with the name, have changed: an answer that is the
 *    same as before moves no version of the store;
 *  - at most MAX_AT_ONCE names are asked for at the same time, and nothing waits for them.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { State } from '../../core/model/state.ts';
import { type Followed, STORE_FRESH_MS, type LogFollower } from '../store/log/log-follower.ts';
import {
  type DnsAnswer,
  isDnsAnswer,
  isResolverRole,
  type Member,
  type MemberStore,
  type ResolverRole,
} from '../store/member-store.ts';
import { type Known, type NameState, newName, stepName, UNKNOWN } from './name-machine.ts';
import type { NameResolver, Resolved } from './name-resolver.ts';
import { resolveName } from './resolve-name.ts';

const TICK_MS = 200;
const ROLE_TTL_MS = 5_000;
const MAX_AT_ONCE = 32;

export interface NamesDeps {
  readonly follower: LogFollower;
  readonly memberStore: MemberStore;
  readonly resolver: NameResolver;
  /** Of this process; a new one for each start. */
  readonly instanceId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A name was resolved, or not. */
  readonly onResolved: (result: 'resolved' | 'failed') => void;
}

interface Task {
  readonly pool: string;
  readonly name: string;
  state: NameState;
  isAsking: boolean;
}

export class Names {
  readonly #deps: NamesDeps;
  /** By pool and name, of this replica while it resolves. */
  readonly #tasks = new Map<string, Task>();
  #role: Member<ResolverRole> | null = null;
  #renewAtMs = 0;
  #asking = 0;
  #ticks: Timer | undefined;
  #isTicking = false;
  #ticking: Promise<void> = Promise.resolve();

  constructor(deps: NamesDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#ticks = every(this.#deps.clock, TICK_MS, () => {
      if (!this.#isTicking) this.#ticking = this.#tick();
    });
  }

  /** Gives the role up, so that another replica needs not wait for the end of its lease. What is asked for is dropped. */
  async stop(): Promise<void> {
    this.#ticks?.cancel();
    // It may be taking the role at this moment.
    await this.#ticking;
    this.#tasks.clear();
    if (this.#role !== null) await this.#deps.memberStore.remove(this.#role, false).catch(() => false);
  }

  /** A backend of a pool has failed its checks: the name that it comes from may lead elsewhere by now. */
  doubt(pool: string, address: string): void {
    for (const task of this.#tasks.values()) {
      if (task.pool !== pool || !task.state.known.addresses.some((each) => each.address === address))
        continue;
      task.state = stepName(task.state, { type: 'doubted' }, this.#times());
    }
  }

  async #tick(): Promise<void> {
    const { follower, logger } = this.#deps;
    const followed = follower.current();
    if (followed === null || follower.storeAgeMs() > STORE_FRESH_MS) return;
    this.#isTicking = true;
    try {
      if (!(await this.#holdsRole(followed))) return this.#tasks.clear();
      await this.#removeUnwanted(followed);
      this.#follow(followed);
      this.#askDue();
    } catch (error) {
      // The next tick tries again; the follower logs that the store is away.
      logger.debug({ reason: messageOf(error) }, 'names of backends could not be kept up to date');
    } finally {
      this.#isTicking = false;
    }
  }

  /** Takes the role when nobody has it, and keeps it. Without names nobody needs it. */
  async #holdsRole({ state, members }: Followed): Promise<boolean> {
    const { clock, instanceId, logger, memberStore } = this.#deps;
    const role = members.find(isResolverRole) ?? null;
    const isOurs = role?.value.instanceId === instanceId;
    const hasWork = wantedNames(state).size > 0 || members.some(isDnsAnswer);
    if (!hasWork || (role?.alive && !isOurs)) {
      this.#role = null;
      return false;
    }
    if (isOurs && role.alive) {
      this.#role = role;
      if (clock.nowMs() < this.#renewAtMs) return true;
      this.#renewAtMs = clock.nowMs() + ROLE_TTL_MS / 3;
      return (await memberStore.renew([role])).length === 0;
    }
    const value = { kind: 'resolver', instanceId, ttlMs: ROLE_TTL_MS, sinceMs: clock.wallMs() } as const;
    // Null: another replica was faster.
    this.#role = await memberStore.put(value, role);
    if (this.#role === null) return false;
    this.#renewAtMs = clock.nowMs() + ROLE_TTL_MS / 3;
    logger.info({}, 'this replica resolves the names of backends');
    await this.#deps.follower.catchUp();
    return false;
  }

  /** Answers for names that no pool has any more, a few with each tick, so that the role is renewed meanwhile. */
  async #removeUnwanted({ state, members }: Followed): Promise<void> {
    const { follower, memberStore } = this.#deps;
    const wanted = wantedNames(state);
    const unwanted = members.filter((member) => isDnsAnswer(member) && !wanted.has(member.name));
    if (unwanted.length === 0) return;
    await Promise.all(unwanted.slice(0, MAX_AT_ONCE).map((member) => memberStore.remove(member, false)));
    await follower.catchUp();
  }

  #follow({ state, members }: Followed): void {
    const wanted = wantedNames(state);
    for (const key of this.#tasks.keys()) if (!wanted.has(key)) this.#tasks.delete(key);
    for (const [key, { pool, name }] of wanted) {
      if (this.#tasks.has(key)) continue;
      const known = members.find((member) => member.name === key)?.value as DnsAnswer | undefined;
      this.#tasks.set(key, { pool, name, state: newName(known ?? UNKNOWN), isAsking: false });
    }
  }

  #askDue(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const [key, task] of this.#tasks) {
      if (this.#asking >= MAX_AT_ONCE) return;
      if (task.isAsking || nowMs < task.state.dueMs) continue;
      // To the end, so that names which fail again and again do not keep others from their turn.
      this.#tasks.delete(key);
      this.#tasks.set(key, task);
      task.isAsking = true;
      this.#asking += 1;
      void this.#ask(key, task).finally(() => {
        task.isAsking = false;
        this.#asking -= 1;
      });
    }
  }

  async #ask(key: string, task: Task): Promise<void> {
    const { logger, onResolved, resolver } = this.#deps;
    try {
      const resolved = await resolveName(resolver, task.name);
      if (this.#tasks.get(key) !== task) return;
      onResolved(resolved.problem === null ? 'resolved' : 'failed');
      await this.#learn(key, task, resolved);
    } catch (error) {
      logger.debug(
        { name: task.name, reason: messageOf(error) },
        'what a name leads to could not be written',
      );
    }
  }

  async #learn(key: string, task: Task, resolved: Resolved): Promise<void> {
    const { clock, follower, instanceId, logger, memberStore } = this.#deps;
    const next = stepName(task.state, { type: 'resolved', resolved }, this.#times());
    const member = follower.current()?.members.find(({ name }) => name === key) ?? null;
    const before = member && isDnsAnswer(member) ? knownOf(member.value) : null;
    const isKnown = before !== null && isDeepStrictEqual(before, next.known);
    // It was asked in any case. What is known is what the record says, so the rest waits until that is written.
    task.state = isKnown ? next : { ...next, known: before ?? UNKNOWN };
    if (isKnown) return;
    const { pool, name } = task;
    const since = { instanceId, ttlMs: ROLE_TTL_MS, sinceMs: clock.wallMs() };
    const written = await memberStore.put({ kind: 'dns', pool, name, ...next.known, ...since }, member);
    if (written === null) return;
    task.state = next;
    const { addresses, problem, heldUntilMs } = next.known;
    const fields = { pool, name, addresses: addresses.map(({ address }) => address), problem };
    if (heldUntilMs !== undefined && before?.heldUntilMs === undefined) {
      const until = new Date(heldUntilMs).toISOString();
      logger.warn({ ...fields, until }, 'most addresses of a name are gone at once: they are kept for now');
    } else if (problem !== undefined) logger.warn(fields, 'a name can’t be resolved in full');
    else logger.info(fields, 'a name leads to other addresses');
    await follower.catchUp();
  }

  #times() {
    const { clock } = this.#deps;
    return { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
  }
}

function knownOf({ addresses, problem, heldUntilMs }: DnsAnswer): Known {
  return {
    addresses,
    ...(problem !== undefined && { problem }),
    ...(heldUntilMs !== undefined && { heldUntilMs }),
  };
}

/** By the name of its record. Built again only for another state. */
const wantedOf = new WeakMap<State, ReadonlyMap<string, { readonly pool: string; readonly name: string }>>();

function wantedNames(state: State) {
  const cached = wantedOf.get(state);
  if (cached !== undefined) return cached;
  const wanted = new Map<string, { readonly pool: string; readonly name: string }>();
  for (const { value } of state.pools.values()) {
    for (const { name } of value.dns ?? [])
      wanted.set(`dns/${value.name}/${name}`, { pool: value.name, name });
  }
  wantedOf.set(state, wanted);
  return wanted;
}
