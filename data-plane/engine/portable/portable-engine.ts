/**
 * The engine on node:net: for development on systems without the epoll engine. It has a shorter contract than that one
 * (docs/adr/0001): what Node's sockets lose when a side is reset, it loses too.
 *
 * Invariants
 *  - a slot is in use from accept until `onClosed` has returned, and is then given to the next client;
 *  - accepting stops when the budget has no room and resumes by itself; open connections are not affected;
 *  - a listener that cannot be opened again is tried until it can, and accepting counts as paused until then;
 *  - a lent descriptor is never closed: Node closes what it listens on, so it gets a duplicate, and clients wait in the
 *    backlog of the original while accepting is stopped.
 */
import { connect, createServer, isIPv4, type Server, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { Timer } from '../../../core/runtime/clock.ts';
import { messageOf } from '../../../core/runtime/errors.ts';
import { errnoName } from '../../kernel/errno.ts';
import { loadLibc } from '../../kernel/libc.ts';
import { BACKLOG, KEEP_ALIVE } from '../../kernel/socket-settings.ts';
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import type { Engine, EngineInputs, ListenOn } from '../engine.ts';
import { PeerAddress } from '../peer-address.ts';
import { ACCEPT_RETRY_MS } from '../timeouts.ts';
import { Connection, type ConnectionContext } from './connection.ts';

const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE.idleSeconds * 1_000,
} as const;

interface Acceptor {
  readonly listener: number;
  readonly on: ListenOn;
  /** Null while it does not listen. */
  server: Server | null;
  isStarting: boolean;
  /** It accepts only the clients that wait already. */
  isLeaving: boolean;
  /** How many clients it has accepted. */
  accepted: number;
  /** There is no room for more clients of this listener. */
  isFull: boolean;
}

class PortableEngine implements Engine, ConnectionContext {
  readonly name = 'portable';
  readonly turn = null;
  readonly inputs: EngineInputs;
  #acceptors: Acceptor[] = [];
  readonly #connections: (Connection | null)[] = [];
  /** By slot. */
  readonly #listeners: number[] = [];
  readonly #free: number[] = [];
  readonly #libc = loadLibc();
  #isAccepting = true;
  /** Set until accepting has resumed for all listeners. */
  #retry: Timer | null = null;
  readonly #peer = new PeerAddress();
  #sourceTurn = 0;

  constructor(inputs: EngineInputs) {
    this.inputs = inputs;
  }

  get connections(): number {
    return this.#connections.length - this.#free.length;
  }

  listen(listener: number, on: ListenOn, done: (failure: string | null) => void): void {
    if (!this.#isAccepting) return done('the worker has stopped accepting');
    const isSame = (other: Acceptor) =>
      other.listener === listener && !other.isLeaving && isDeepStrictEqual(other.on, on);
    if (this.#acceptors.some(isSame)) return done(null);
    const isFull = this.#acceptors.some((other) => other.listener === listener && other.isFull);
    const acceptor: Acceptor = {
      listener,
      on,
      server: null,
      isStarting: false,
      isLeaving: false,
      isFull,
      accepted: 0,
    };
    this.#acceptors.push(acceptor);
    this.#open(acceptor, (failure) => {
      if (failure !== null) this.#acceptors = this.#acceptors.filter((other) => other !== acceptor);
      done(failure);
    });
  }

  unlisten(listener: number, done: () => void): void {
    const leaving = this.#acceptors.filter((acceptor) => acceptor.listener === listener);
    for (const acceptor of leaving) acceptor.isLeaving = true;
    const stopAll = (): void => {
      this.#acceptors = this.#acceptors.filter((acceptor) => !leaving.includes(acceptor));
      for (const acceptor of leaving) stop(acceptor);
      done();
    };
    // Node accepts one client of each socket whenever it polls, which it does between two of these.
    const poll = (accepted: number, left: number): void => {
      const next = (): void => {
        const now = acceptedBy(leaving);
        if (now > accepted && left > 0) poll(now, left - 1);
        else stopAll();
      };
      setImmediate(() => setImmediate(next));
    };
    poll(acceptedBy(leaving), BACKLOG);
  }

  stopAccepting(): void {
    this.#isAccepting = false;
    this.#retry?.cancel();
    this.#retry = null;
    for (const acceptor of this.#acceptors) stop(acceptor);
    this.#acceptors = [];
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
  }

  connect(row: number, asked: number): Socket {
    const { sourceAddresses, targets } = this.inputs;
    const host = targets.host(row);
    const sources = sourceAddresses.filter((address) => isIPv4(address) === isIPv4(host));
    this.#sourceTurn += 1;
    const localAddress = sources[this.#sourceTurn % sources.length];
    const port = targets.port(row) || asked;
    return connect({ ...SOCKET_OPTIONS, host, port, ...(localAddress !== undefined && { localAddress }) });
  }

  release(slot: number): void {
    this.#connections[slot] = null;
    this.#free.push(slot);
    this.inputs.budget.giveBack(this.#listeners[slot] ?? 0);
    if (this.#acceptors.some(({ isFull }) => isFull)) this.#acceptAgain();
  }

  #accepted(client: Socket, listener: number): void {
    const slot = this.#free.pop() ?? this.#connections.length;
    const connection = new Connection(this, slot, client);
    this.#connections[slot] = connection;
    this.#listeners[slot] = listener;
    if (this.inputs.budget.take(listener)) this.#pauseAccepting(listener);
    this.#peer.setText(client.remoteAddress ?? '', client.remotePort ?? 0);
    connection.start(listener, this.#peer);
  }

  #open(acceptor: Acceptor, done: (failure: string | null) => void): void {
    const options = { ...SOCKET_OPTIONS, pauseOnConnect: true };
    const server = createServer(options, (client) => {
      acceptor.accepted += 1;
      this.#accepted(client, acceptor.listener);
    });
    acceptor.isStarting = true;
    const started = (failure: string | null): void => {
      acceptor.isStarting = false;
      const isWanted = this.#acceptors.includes(acceptor);
      if (failure === null && isWanted && !acceptor.isFull) acceptor.server = server;
      else server.close();
      done(isWanted ? failure : 'stopped before it listened');
    };
    server.once('listening', () => started(null));
    server.on('error', (error) => {
      if (acceptor.isStarting) started(messageOf(error));
      else this.inputs.onFault('accepting', error);
    });
    const { on } = acceptor;
    if (on.type === 'address') return void server.listen({ host: on.host, port: on.port, backlog: BACKLOG });
    const { libc, reason } = this.#libc;
    if (!libc) return started(`a lent descriptor needs the C library: ${reason}`);
    // One port, one descriptor: a proxy rejects listeners over ranges where this engine runs.
    const [lent = -1] = on.fds;
    const fd = libc.duplicate(lent);
    if (fd < 0) return started(`cannot duplicate descriptor ${lent}: ${errnoName(-fd)}`);
    // With a descriptor, listen() takes the backlog only as an argument of its own.
    server.listen({ fd }, BACKLOG);
  }

  #pauseAccepting(listener: number): void {
    const acceptors = this.#acceptors.filter(
      (acceptor) => acceptor.listener === listener && !acceptor.isFull,
    );
    if (acceptors.length === 0) return;
    for (const acceptor of acceptors) {
      acceptor.isFull = true;
      stop(acceptor);
    }
    if (!this.#retry) this.inputs.onSaturated(true, 'connection_limit');
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retry?.cancel();
    this.#retry = this.inputs.clock.after(ACCEPT_RETRY_MS, () => this.#acceptAgain());
  }

  #acceptAgain(): void {
    this.#retryLater();
    const hasRoom = this.inputs.budget.hasRoom();
    for (const acceptor of this.#acceptors) {
      if (acceptor.server || acceptor.isStarting || acceptor.isLeaving) continue;
      const isFirstTry = acceptor.isFull;
      if (isFirstTry && !hasRoom(acceptor.listener)) continue;
      acceptor.isFull = false;
      this.#open(acceptor, (failure) => {
        if (failure === null) this.#endRetries();
        else if (isFirstTry) this.inputs.onFault('accepting again', new Error(failure));
      });
    }
    this.#endRetries();
  }

  #endRetries(): void {
    if (!this.#retry || this.#acceptors.some(({ server }) => !server)) return;
    this.#retry.cancel();
    this.#retry = null;
    this.inputs.onSaturated(false, 'connection_limit');
  }
}

function acceptedBy(acceptors: readonly Acceptor[]): number {
  return acceptors.reduce((sum, { accepted }) => sum + accepted, 0);
}

function stop(acceptor: Acceptor): void {
  acceptor.server?.close();
  acceptor.server = null;
}

/** An engine on node:net. */
export function portableEngine(inputs: EngineInputs): Engine {
  return new PortableEngine(inputs);
}
