/**
 * Decides which backend each connection goes to, and counts what happens to it: the handler that an engine calls.
 *
 * Invariants
 *  - what a pick reserved is released exactly once: when its connect failed or was given up, or at onClosed;
 *  - each decision uses the plan that runs at that moment; an established connection needs no plan at all;
 *  - after `adopt` no attempt continues towards a backend that gets no connections under the new plan: the engine is
 *    told to reconsider it;
 *  - at most `retries` attempts follow the first, each on a backend not yet tried, or, when all were tried, on any
 *    eligible one after a delay that doubles, with jitter.
 */
import { NO_BACKEND } from '../balancing/balancer.ts';
import {
  type ConnectionHandler,
  type ConnectionTimeouts,
  type Engine,
  type FirstBytes,
  type FirstBytesWanted,
  NO_ROW,
  READ_FIRST,
  TERMINATE,
} from '../engine/engine.ts';
import { Admission } from '../admission/admission.ts';
import type { ListenerAdmission } from '../admission/listener-admission.ts';
import type { PeerAddress } from '../engine/peer-address.ts';
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import { writeProxyHeader, writeProxyLine } from '../first-bytes/write-proxy-header.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { SharedCells, WorkerCells } from '../memory/shared-memory.ts';
import type { ConnectionCounters } from './connection-counters.ts';
import type { PassiveHealth } from './passive-health.ts';
import { Places, type PlacesInputs } from './places.ts';
import { type ListenerRuntime, type PlanRuntime, type PoolRuntime, routed } from './plan-runtime.ts';
import { type ConnectAttempts, ConnectionSlots } from './connection-slots.ts';
import { ConnectOutcomes } from './connect-outcomes.ts';
import { Exchanges } from './exchanges.ts';
import { TlsDecisions } from './tls-decisions.ts';
import { firstWanted, isAsWanted, NOTHING_WANTED } from './first-wanted.ts';
import type { WorkerLog } from './worker-log.ts';

const LIFETIME_JITTER = 0.1;
const NEVER: ConnectionTimeouts = { connectMs: 0, idleMs: 0, halfClosedMs: 0, lifetimeMs: 0 };

export interface HandlerInputs extends PlacesInputs {
  readonly shared: SharedCells;
  readonly own: WorkerCells;
  readonly counters: ConnectionCounters;
  readonly passiveHealth: PassiveHealth;
  readonly log: WorkerLog;
}

// `!` on typed arrays in this file: the engine names only slots that it gave to onAccept.
export class WorkerConnections implements ConnectionHandler {
  readonly #inputs: HandlerInputs;
  #plan: PlanRuntime | null = null;
  readonly #slots = new ConnectionSlots();
  readonly #places: Places;
  readonly #admission: Admission;
  readonly #exchanges: Exchanges;
  readonly #outcomes: ConnectOutcomes;
  readonly tls: TlsDecisions;

  constructor(inputs: HandlerInputs) {
    this.#inputs = inputs;
    this.#admission = new Admission(inputs);
    this.#exchanges = new Exchanges(inputs, this.#slots);
    this.#places = new Places(inputs, this.#slots);
    this.#outcomes = new ConnectOutcomes(inputs, this.#slots);
    this.tls = new TlsDecisions(inputs, this.#slots, (slot) => this.#terminated(slot));
  }

  get retryDelayMs(): number {
    return this.#places.delayMs;
  }

  get refusal(): CloseReason {
    return this.#places.refusal;
  }

  /** Decides by this plan from now on, and checks attempts under way against it. */
  adopt(plan: PlanRuntime, engine: Engine): void {
    this.#plan = plan;
    this.#places.plan = plan;
    this.tls.plan = plan;
    for (const [slot, attempt] of this.#slots.attempts) {
      const backend = this.#slots.backend[slot]!;
      const pool = plan.poolByRow(this.#slots.pool[slot]!);
      const goesOn =
        attempt.waitsFor === NO_ROW
          ? backend === NO_ROW || takesConnections(pool, plan.candidateOfRow(backend))
          : this.#places.mayWaitOn(attempt, this.#poolFor(slot, attempt));
      if (!goesOn) engine.reconsider(slot);
    }
    // Also for the connections of other workers: this one may be the last to see the room that the plan makes.
    for (const runtime of plan.pools) this.#inputs.waiters.passOn(runtime);
  }

  /** This worker was woken: there may be room for connections that wait. */
  serveWaiting(engine: Engine): void {
    if (this.#plan) this.#inputs.waiters.serve(this.#plan, engine);
  }

  /** Resets a share of the connections to a backend (0 to 1, by chance). Attempts towards it go elsewhere. */
  closeBackend(row: number, reason: CloseReason, share: number, engine: Engine): void {
    const { attempts, backend, end } = this.#slots;
    const { random } = this.#inputs;
    // A quarter of the time of a loop: hundreds of backends may lose their connections in one second, each in 50 parts.
    const used = backend.subarray(0, end);
    for (let slot = used.indexOf(row); slot !== -1; slot = used.indexOf(row, slot + 1)) {
      if (attempts.has(slot)) engine.reconsider(slot);
      else if (share >= 1 || random.next() < share) engine.reset(slot, reason);
    }
  }

  onAccept(slot: number, listener: number, client: PeerAddress): number {
    const slots = this.#slots;
    slots.seen[slot] = 0;
    slots.listener[slot] = listener;
    slots.backend[slot] = NO_ROW;
    slots.acceptedMs[slot] = this.#inputs.clock.nowMs();
    slots.timeouts[slot] = NEVER;
    slots.end = Math.max(slots.end, slot + 1);
    this.#places.begin();
    this.#inputs.counters.accepted(listener);
    const runtime = this.#plan?.listener(listener) ?? null;
    this.#inputs.records?.accepted(slot, runtime?.pool?.pool.logOneIn ?? 1, client);
    if (!runtime) return this.#refuse('no_backend');
    const wanted = runtime.firstBytes && firstWanted(runtime.firstBytes, client);
    const isAnnounced = wanted?.proxyHeader === true;
    if (!isAnnounced && !this.#admits(slot, runtime.admission, client)) return NO_ROW;
    const attempt = slots.beginAttempts(slot, client.hash());
    attempt.wanted = wanted;
    if (isAnnounced) attempt.client = client.copy();
    return this.#begin(slot, attempt, runtime);
  }

  firstBytes(slot: number): FirstBytesWanted {
    return this.#slots.attempts.get(slot)?.wanted ?? NOTHING_WANTED;
  }

  onFirstBytes(slot: number, found: FirstBytes): number {
    const attempt = this.#slots.attempts.get(slot);
    const runtime = this.#plan?.listener(this.#slots.listener[slot]!) ?? null;
    this.#places.begin();
    if (!attempt?.wanted || !runtime) return this.#refuse('no_backend');
    if (!isAsWanted(attempt.wanted, found)) return this.#refuse('bad_first_bytes');
    const isHeader = found.what === 'proxy_header';
    if (isHeader && !this.#admits(slot, runtime.admission, this.#announced(slot, attempt, found)))
      return NO_ROW;
    attempt.wanted = isHeader ? (runtime.firstBytes?.hello ?? null) : null;
    if (found.what === 'hello') [attempt.serverName, attempt.alpn] = [found.serverName, found.alpn];
    return this.#begin(slot, attempt, runtime);
  }

  timeouts(slot: number): ConnectionTimeouts {
    return this.#slots.timeouts[slot]!;
  }

  onConnectFailed(slot: number, errno: number, why?: string): number {
    const attempt = this.#slots.attempts.get(slot);
    const places = this.#places;
    places.begin();
    if (!attempt) return NO_ROW;
    if (attempt.waitsFor !== NO_ROW)
      return places.askAgain(slot, attempt, this.#poolFor(slot, attempt), errno);
    if (this.#slots.backend[slot] === NO_ROW) return NO_ROW;
    if (errno !== ERRNO.canceled) this.#outcomes.failed(slot, attempt, this.#plan, { errno, why });
    places.release(slot);
    if (attempt.failed > 0) places.refusal = 'connect_failed';
    const pool = this.#poolFor(slot, attempt);
    if (!pool || attempt.failed > pool.pool.retries) return NO_ROW;
    const untried = places.pick(slot, attempt, pool, 0);
    if (untried !== NO_ROW) return untried;
    return attempt.tried.length > 0
      ? places.repeat(slot, attempt, pool)
      : places.wait(slot, attempt, pool, true);
  }

  hasPreface(slot: number): boolean {
    return this.#proxyProtocol(slot) !== null;
  }

  preface(slot: number, client: PeerAddress, local: PeerAddress, into: Uint8Array): number {
    const { announced, serverName } = this.#slots.attempts.get(slot) ?? { announced: null, serverName: null };
    const [from, to] = announced ? [announced.client, announced.local] : [client, local];
    if (this.#proxyProtocol(slot) === 'v1') return writeProxyLine(from, to, into);
    return writeProxyHeader(from, to, serverName ?? '', this.#inputs.records?.idOf(slot) ?? '', into);
  }

  onEstablished(slot: number): void {
    const attempt = this.#slots.attempts.get(slot);
    if (!attempt) return;
    this.#outcomes.established(slot, attempt, this.#plan);
    this.#slots.endAttempts(slot);
  }

  onBytes(slot: number, toBackend: number, toClient: number): void {
    const { backend, listener } = this.#slots;
    this.#exchanges.passed(slot, toBackend, toClient);
    this.#inputs.counters.bytes(backend[slot]!, listener[slot]!, toBackend, toClient);
    this.#inputs.records?.bytes(slot, toBackend, toClient);
  }

  onClosed(slot: number, reason: CloseReason): void {
    const { acceptedMs, attempts, backend, listener } = this.#slots;
    const attempt = attempts.get(slot);
    const durationMs = this.#inputs.clock.nowMs() - acceptedMs[slot]!;
    const established = attempt ? NO_ROW : backend[slot]!;
    // Before the release: a row that nothing uses may be given to another backend.
    this.#inputs.records?.closed(slot, listener[slot]!, reason, durationMs);
    this.#admission.released(slot, listener[slot]!);
    this.#inputs.counters.closed(listener[slot]!, established, reason, durationMs);
    if (attempt) this.#inputs.waiters.end(slot, attempt, this.#plan);
    this.#slots.endAttempts(slot);
    this.#places.release(slot);
  }

  onBackendEnded(slot: number): void {
    const row = this.#slots.backend[slot]!;
    if (!this.#exchanges.backendEnded(slot, row)) return;
    const runtime = this.#plan?.poolByRow(this.#slots.pool[slot]!) ?? null;
    const candidate = this.#plan?.candidateOfRow(row) ?? NO_BACKEND;
    // One that is drained to be restarted ends what is open, and is not kept out for that when it is back.
    if (runtime && takesConnections(runtime, candidate))
      this.#inputs.passiveHealth.closedEarly(row, runtime.pool);
  }

  #begin(slot: number, attempt: ConnectAttempts, runtime: ListenerRuntime): number {
    if (attempt.wanted !== null) return READ_FIRST;
    return runtime.termination === null ? this.#choose(slot, attempt, runtime) : TERMINATE;
  }

  /** TLS with the client is set up. */
  #terminated(slot: number): number {
    const attempt = this.#slots.attempts.get(slot);
    const runtime = this.#plan?.listener(this.#slots.listener[slot]!);
    this.#places.begin();
    return attempt && runtime ? this.#choose(slot, attempt, runtime) : NO_ROW;
  }

  #choose(slot: number, attempt: ConnectAttempts, runtime: ListenerRuntime): number {
    const pool = routed(runtime, attempt);
    if (!pool) return this.#refuse('no_route');
    const { timeouts } = pool;
    this.#slots.timeouts[slot] = timeouts.lifetimeMs > 0 ? this.#withJitter(timeouts) : timeouts;
    attempt.moveTo(pool.pool.row);
    return this.#places.find(slot, attempt, pool);
  }

  /** Who the client is that a header is about: the one it announces, or else the connection's own. */
  #announced(slot: number, attempt: ConnectAttempts, { client, isLocal, local }: FirstBytes): PeerAddress {
    if (isLocal) return attempt.client ?? client;
    attempt.sourceHash = client.hash();
    attempt.announce(client, local);
    this.#inputs.records?.announced(slot, client);
    return client;
  }

  /** Whether a client may connect, by its own address or the one that a header announced; otherwise `refusal` says why not. */
  #admits(slot: number, rules: ListenerAdmission | null, client: PeerAddress): boolean {
    if (rules === null) return true;
    const refusal = this.#admission.refusal(slot, this.#slots.listener[slot]!, rules, client);
    if (refusal !== null) this.#places.refusal = refusal;
    return refusal === null;
  }

  #refuse(reason: CloseReason): typeof NO_ROW {
    this.#places.refusal = reason;
    return NO_ROW;
  }

  /** Connections that came together do not end together. */
  #withJitter(timeouts: ConnectionTimeouts): ConnectionTimeouts {
    const shorter = 1 - this.#inputs.random.next() * LIFETIME_JITTER;
    return { ...timeouts, lifetimeMs: timeouts.lifetimeMs * shorter };
  }

  /** The header that the backend of a slot expects. */
  #proxyProtocol(slot: number): 'v1' | 'v2' | null {
    return this.#plan?.poolByRow(this.#slots.pool[slot]!)?.pool.proxyProtocol ?? null;
  }

  /** The pool to try next: a different one than before when the listener was moved meanwhile. */
  #poolFor(slot: number, attempt: ConnectAttempts): PoolRuntime | null {
    const plan = this.#plan;
    const listener = plan?.listener(this.#slots.listener[slot]!);
    const now = listener && routed(listener, attempt);
    const pool = now ?? plan?.poolByRow(attempt.pool) ?? null;
    if (pool && pool.pool.row !== attempt.pool) attempt.moveTo(pool.pool.row);
    return pool;
  }
}

function takesConnections(runtime: PoolRuntime | null, candidate: number): boolean {
  return runtime !== null && candidate !== NO_BACKEND && runtime.candidates.weight(candidate) > 0;
}
