/**
 * The engine on node:net: runs wherever Node does.
 *
 * Invariants
 *  - a slot is in use from accept until `onClosed` has returned, and is then given to the next client;
 *  - accepting stops when the budget has no room and goes on by itself; connections already open never notice;
 *  - nothing but listen failures is said through a callback, and nothing throws.
 */
import { isIPv4, type Socket, Socket as NetSocket } from 'node:net';
import { sourceHash } from '../../../core/model/source-hash.ts';
import type { Timer } from '../../../core/runtime/clock.ts';
import type { Engine, EngineInputs, ListenOn } from '../engine.ts';
import type { PauseCause } from '../../memory/proxy-counts.ts';
import type { CloseReason } from '../../memory/close-reasons.ts';
import { errnoName } from '../../kernel/errno.ts';
import { type Libc, loadLibc } from '../../kernel/libc.ts';
import { KEEP_ALIVE } from '../../kernel/socket-settings.ts';
import { ROOM_LOOK_MS } from '../timeouts.ts';
import { Acceptor } from './acceptor.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import { Side, type SideOwner } from './side.ts';
import { SlotTimers } from './slot-timers.ts';

/** A shortage that goes on is said as seldom as this. */
const SHORTAGE_SAID_MS = 10_000;

class PortableEngine implements Engine, ConnectionContext {
  readonly name = 'portable';
  readonly turn = null;
  readonly #inputs: EngineInputs;
  readonly #libc: Libc | null = loadLibc().libc;
  readonly #timers: SlotTimers;
  /** By listener. */
  readonly #acceptors = new Map<number, Acceptor[]>();
  readonly #connections: (Connection | null)[] = [];
  readonly #free: number[] = [];
  #open = 0;
  #isAccepting = true;
  #roomLook: Timer | null = null;
  /** Of the last time. */
  #pauseCause: PauseCause = 'connection_limit';
  #sourceTurn = 0;
  #saidShortMs = Number.NEGATIVE_INFINITY;

  constructor(inputs: EngineInputs) {
    this.#inputs = inputs;
    this.#timers = new SlotTimers(inputs.clock, (slot) => this.#connections[slot]?.onTimer());
  }

  get handler(): EngineInputs['handler'] {
    return this.#inputs.handler;
  }

  get connections(): number {
    return this.#open;
  }

  listen(listener: number, on: ListenOn, done: (failure: string | null) => void): void {
    if (!this.#isAccepting) return done('the worker has stopped accepting');
    const acceptors = this.#acceptors.get(listener) ?? [];
    if (acceptors.some((acceptor) => acceptor.isOn(on))) return done(null);
    const acceptor = new Acceptor(on, this.#libc, {
      accepted: (client) => this.#accepted(client, listener),
      onFault: (where, error) => this.onFault(where, error),
    });
    this.#acceptors.set(listener, [...acceptors, acceptor]);
    acceptor.start((failure) => {
      if (failure !== null) this.#forget(listener, acceptor);
      else if (this.#roomLook) acceptor.stop();
      done(failure);
    });
  }

  unlisten(listener: number): void {
    const acceptors = this.#acceptors.get(listener) ?? [];
    this.#acceptors.delete(listener);
    for (const acceptor of acceptors) acceptor.stop();
  }

  stopAccepting(): void {
    this.#isAccepting = false;
    this.#roomLook?.cancel();
    this.#roomLook = null;
    for (const acceptor of this.#everyAcceptor()) acceptor.stop();
    this.#acceptors.clear();
  }

  reset(slot: number, reason: CloseReason): void {
    this.#connections[slot]?.reset(reason);
  }

  reconsider(slot: number): void {
    this.#connections[slot]?.reconsider();
  }

  close(reason: CloseReason = 'shutdown'): void {
    this.stopAccepting();
    for (const connection of this.#connections) connection?.reset(reason);
    this.#timers.stop();
  }

  nowMs(): number {
    return this.#inputs.clock.nowMs();
  }

  setTimer(slot: number, delayMs: number): void {
    this.#timers.set(slot, delayMs);
  }

  cancelTimer(slot: number): void {
    this.#timers.cancel(slot);
  }

  sourcesFor(row: number): number {
    return this.#sources(isIPv4(this.#inputs.targets.host(row))).length;
  }

  dial(row: number, owner: SideOwner): Side {
    const host = this.#inputs.targets.host(row);
    const side = new Side(new NetSocket({ allowHalfOpen: true }), owner);
    side.connect(host, this.#inputs.targets.port(row), this.#nextSource(isIPv4(host)));
    return side;
  }

  configure(side: Side): void {
    side.configure(KEEP_ALIVE.idleSeconds * 1_000);
    if (!this.#libc || side.fd < 0) return;
    this.#libc.setOption(side.fd, 'keepAliveIntervalSeconds', KEEP_ALIVE.intervalSeconds);
    this.#libc.setOption(side.fd, 'keepAliveProbes', KEEP_ALIVE.probes);
  }

  unacknowledged(side: Side): number | null {
    const bytes = this.#libc?.unacknowledged(side.fd) ?? -1;
    return bytes < 0 ? null : bytes;
  }

  onFault(where: string, error: unknown): void {
    this.#inputs.onFault(where, error);
  }

  ranShort(errno: number): void {
    if (this.#roomLook || !this.#isAccepting) return;
    const nowMs = this.nowMs();
    if (nowMs - this.#saidShortMs >= SHORTAGE_SAID_MS) {
      this.#saidShortMs = nowMs;
      this.onFault('accepting', new Error(`${errnoName(errno)}; clients wait until that is over`));
    }
    this.#pauseAccepting('shortage');
  }

  release(slot: number): void {
    this.#connections[slot] = null;
    this.#free.push(slot);
    this.#open -= 1;
    this.#inputs.budget.giveBack();
    if (this.#roomLook) this.#acceptAgain();
  }

  #accepted(client: Socket, listener: number): void {
    const slot = this.#free.pop() ?? this.#connections.length;
    const connection = new Connection(this, slot, client);
    this.#connections[slot] = connection;
    this.#open += 1;
    if (this.#inputs.budget.take()) this.#pauseAccepting('connection_limit');
    this.#inputs.peer?.setText(client.remoteAddress ?? '', client.remotePort ?? 0);
    connection.start(listener, sourceHash(client.remoteAddress ?? ''));
  }

  #everyAcceptor(): Acceptor[] {
    return [...this.#acceptors.values()].flat();
  }

  #forget(listener: number, acceptor: Acceptor): void {
    const rest = (this.#acceptors.get(listener) ?? []).filter((other) => other !== acceptor);
    if (rest.length > 0) this.#acceptors.set(listener, rest);
    else this.#acceptors.delete(listener);
  }

  #pauseAccepting(cause: PauseCause): void {
    if (this.#roomLook || !this.#isAccepting) return;
    this.#lookForRoom();
    for (const acceptor of this.#everyAcceptor()) acceptor.stop();
    this.#saturated(cause);
  }

  #saturated(cause: PauseCause): void {
    this.#pauseCause = cause;
    this.#inputs.onSaturated(true, cause);
  }

  #lookForRoom(): void {
    this.#roomLook = this.#inputs.clock.after(ROOM_LOOK_MS, () => {
      if (!this.#acceptAgain()) this.#lookForRoom();
    });
  }

  #acceptAgain(): boolean {
    if (!this.#inputs.budget.hasRoom()) return false;
    this.#roomLook?.cancel();
    this.#roomLook = null;
    for (const acceptor of this.#everyAcceptor()) {
      acceptor.start((failure) => {
        if (failure !== null) this.#couldNotAccept(acceptor, failure);
      });
    }
    this.#inputs.onSaturated(false, this.#pauseCause);
    return true;
  }

  /** Out of descriptors just now, say: what could not be accepted on is tried again until it can. */
  #couldNotAccept(acceptor: Acceptor, failure: string): void {
    if (this.#roomLook || !this.#isAccepting || !this.#everyAcceptor().includes(acceptor)) return;
    this.onFault('accepting again', new Error(failure));
    this.#lookForRoom();
    this.#saturated('shortage');
  }

  /** The next address towards backends of that family, or undefined: let the kernel choose. */
  #nextSource(isV4: boolean): string | undefined {
    const fitting = this.#sources(isV4);
    this.#sourceTurn += 1;
    return fitting[this.#sourceTurn % fitting.length];
  }

  #sources(isV4: boolean): readonly string[] {
    return this.#inputs.sourceAddresses.filter((address) => isIPv4(address) === isV4);
  }
}

/** An engine on node:net. */
export function portableEngine(inputs: EngineInputs): Engine {
  return new PortableEngine(inputs);
}
