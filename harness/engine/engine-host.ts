/**
 * A thread that runs one engine under a scripted handler, and checks the order of the engine's calls. engine-rig.ts
 * says which parts of the contract hold for which engine.
 */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import {
  type ConnectionHandler,
  type ConnectionTimeouts,
  type EngineFactory,
  type EngineHoldings,
  type FirstBytes,
  type FirstBytesWanted,
  NO_ROW,
  READ_FIRST,
  TERMINATE,
  type TlsHandler,
} from '../../data-plane/engine/engine.ts';
import type { PeerAddress } from '../../data-plane/engine/peer-address.ts';
import { ERRNO } from '../../data-plane/kernel/errno.ts';
import { parseIp } from '../../core/model/ip.ts';
import { runEngine } from '../../data-plane/engine/run-engine.ts';
import { epollEngine } from '../../data-plane/engine/epoll/epoll-engine.ts';
import { portableEngine } from '../../data-plane/engine/portable/portable-engine.ts';
import { shrinkSendBuffer } from './raw-socket.ts';
import type { FromHost, ToHost } from './host-messages.ts';
import { securedSides, tlsHandler, type TlsSettings } from './tls-handler.ts';
import { PARKING_BYTES } from './relay-rig.ts';

const ENGINES = {
  portable: portableEngine,
  epoll: epollEngine,
  'epoll with splice': (inputs) => epollEngine({ ...inputs, splice: true }),
  /** On both sides. */
  'epoll with TLS': epollEngine,
} satisfies Record<string, EngineFactory>;
export type EngineName = keyof typeof ENGINES;

type Call =
  | 'onAccept'
  | 'onFirstBytes'
  | 'onConnectFailed'
  | 'onEstablished'
  | 'onBytes'
  | 'onBackendEnded'
  | 'onClosed';

/** What the handler does. */
export interface Script {
  readonly engine: EngineName;
  /** An eventfd, written after each message. */
  readonly wakeFd: number;
  /** In shared memory. */
  readonly holdings: EngineHoldings;
  readonly rows: readonly { readonly host: string; readonly port: number }[];
  /** What both sides are secured with; left out: they have no TLS. */
  readonly tls?: TlsSettings;
  /** What goes to the backend first, with the two ends of the client's connection in place of CLIENT and LOCAL. */
  readonly preface?: string;
  /** Rows to try, in this order. */
  readonly attempts: readonly number[];
  readonly timeouts: ConnectionTimeouts;
  readonly retryDelayMs: number;
  readonly maxConnections: number;
  readonly sourceAddresses: readonly string[];
  /** Of the kernel, for the engine's sockets: so small that little data is congestion. 0: the default. */
  readonly bufferBytes: number;
  /** What is read where an attempt is READ_FIRST, a header before a hello. `malformed` and `ended` are refused. */
  readonly firstBytes: FirstBytesWanted | null;
  /** The first time that the handler is called so, it throws. */
  readonly throwIn: Call | null;
}

/** What most tests leave as it is. */
export const PLAIN_SCRIPT = {
  retryDelayMs: 0,
  maxConnections: 0,
  sourceAddresses: [],
  bufferBytes: 0,
  firstBytes: null,
  throwIn: null,
} satisfies Partial<Script>;

export const LISTENER = 7;

interface Slot {
  state: 'free' | 'accepted' | 'established';
  hasHeader: boolean;
  attempt: number;
  failed: number;
  toBackend: number;
  toClient: number;
}

const FREE: Slot = { state: 'free', hasHeader: false, attempt: 0, failed: 0, toBackend: 0, toClient: 0 };

/** Does what the script says, and posts what it was called with. */
export class ScriptedHandler implements ConnectionHandler {
  readonly retryDelayMs: number;
  refusal: CloseReason = 'no_backend';
  readonly tls?: TlsHandler;
  readonly #script: Script;
  readonly #post: (message: FromHost) => void;
  readonly #slots: Slot[] = [];
  #toThrow: Call | null;

  constructor(script: Script, post: (message: FromHost) => void) {
    this.retryDelayMs = script.retryDelayMs;
    this.#script = script;
    this.#post = post;
    this.#toThrow = script.throwIn;
    if (script.tls) this.tls = tlsHandler(script.tls, () => this.#refusing(script.attempts[0]));
  }

  onAccept(slot: number, listener: number, client: PeerAddress): number {
    const state = (this.#slots[slot] ??= { ...FREE });
    this.#demand(state.state === 'free' && listener === LISTENER, `onAccept(${slot}) while ${state.state}`);
    Object.assign(state, FREE, { state: 'accepted' });
    this.#post({ type: 'accepted', slot, sourceHash: client.hash() });
    this.#throwIf('onAccept');
    return this.tls ? TERMINATE : this.#refusing(this.#script.attempts[0]);
  }

  firstBytes(slot: number): FirstBytesWanted {
    const wanted = this.#script.firstBytes ?? assert.fail('no first bytes are wanted');
    return this.#slots[slot]?.hasHeader ? { ...wanted, proxyHeader: false } : wanted;
  }

  onFirstBytes(slot: number, { what, client, isLocal, serverName, alpn }: FirstBytes): number {
    const state = this.#expect(slot, 'accepted', 'onFirstBytes');
    const announced = what === 'proxy_header' && !isLocal ? client.hash() : null;
    this.#post({ type: 'read-first', slot, what, announced, serverName, alpn });
    if (what === 'malformed' || what === 'ended') return this.#refusing();
    state.hasHeader = what === 'proxy_header';
    if (state.hasHeader && this.#script.firstBytes?.hello) return READ_FIRST;
    return this.#refusing(this.#script.attempts.find((row) => row !== READ_FIRST));
  }

  timeouts(): ConnectionTimeouts {
    return this.#script.timeouts;
  }

  hasPreface(): boolean {
    return this.#script.preface !== undefined;
  }

  preface(_slot: number, client: PeerAddress, local: PeerAddress, into: Uint8Array): number {
    const of = ({ family, port }: PeerAddress) => `${family}:${port}`;
    const text = (this.#script.preface ?? '').replace('CLIENT', of(client)).replace('LOCAL', of(local));
    return new TextEncoder().encodeInto(text, into).written;
  }

  onConnectFailed(slot: number, errno: number): number {
    const state = this.#expect(slot, 'accepted', 'onConnectFailed');
    state.attempt += 1;
    this.#post({ type: 'failed', slot, errno });
    this.#throwIf('onConnectFailed');
    if (errno !== ERRNO.canceled) state.failed += 1;
    return this.#refusing(this.#script.attempts[state.attempt], state.failed);
  }

  onEstablished(slot: number): void {
    this.#expect(slot, 'accepted', 'onEstablished').state = 'established';
    const backend = this.#script.holdings.sockets[2 * slot + 1] ?? 0;
    if (this.#script.bufferBytes > 0 && backend > 0) shrinkSendBuffer(backend, this.#script.bufferBytes);
    this.#post({ type: 'established', slot });
    this.#throwIf('onEstablished');
  }

  onBytes(slot: number, toBackend: number, toClient: number): void {
    const state = this.#expect(slot, 'established', 'onBytes');
    this.#demand(toBackend >= 0 && toClient >= 0, 'onBytes counts backwards');
    if (state.toClient === 0 && toClient > 0) this.#post({ type: 'first-bytes', slot });
    state.toBackend += toBackend;
    state.toClient += toClient;
    this.#throwIf('onBytes');
  }

  onBackendEnded(slot: number): void {
    const state = this.#expect(slot, 'established', 'onBackendEnded');
    if (state.toClient === 0) this.#post({ type: 'backend-ended', slot });
  }

  onClosed(slot: number, reason: CloseReason): void {
    const state = this.#slots[slot];
    this.#demand(state !== undefined && state.state !== 'free', `onClosed(${slot}) twice`);
    if (!state) return;
    state.state = 'free';
    this.#post({ type: 'closed', slot, reason, toBackend: state.toBackend, toClient: state.toClient });
    this.#throwIf('onClosed');
  }

  #refusing(row = NO_ROW, failed = 0): number {
    this.refusal = failed > 0 ? 'connect_failed' : 'no_backend';
    return row;
  }

  #expect(slot: number, wanted: Slot['state'], call: Call): Slot {
    const state = this.#slots[slot] ?? { ...FREE };
    this.#demand(state.state === wanted, `${call}(${slot}) while ${state.state}`);
    return state;
  }

  #demand(isTrue: boolean, what: string): void {
    if (!isTrue) this.#post({ type: 'violation', what });
  }

  #throwIf(call: Call): void {
    if (this.#toThrow !== call) return;
    this.#toThrow = null;
    throw new Error(`${call} throws, as the test asked`);
  }
}

function run(script: Script, port: NonNullable<typeof parentPort>): void {
  const post = (message: FromHost): void => port.postMessage(message);
  let connections = 0;
  const limit = script.maxConnections || Number.POSITIVE_INFINITY;
  const engine = ENGINES[script.engine]({
    handler: new ScriptedHandler(script, post),
    targets: {
      host: (row) => script.rows[row]?.host ?? 'no row',
      ipLength: (row) => (script.rows[row]?.host.includes(':') ? 16 : 4),
      copyIp: (row, into, at) => into.set(parseIp(script.rows[row]?.host ?? '') ?? [], at),
      // Nobody listens on port 1. 0 would be the port that the client asked for.
      port: (row) => script.rows[row]?.port ?? 1,
    },
    budget: {
      take: () => (connections += 1) >= limit,
      giveBack: () => void (connections -= 1),
      hasRoom: () => () => connections < limit,
    },
    clock: systemClock,
    wakeFd: script.wakeFd,
    splice: false,
    parkingBytes: PARKING_BYTES,
    holdings: script.holdings,
    sourceAddresses: script.sourceAddresses,
    onSaturated: (on, cause) => post({ type: 'saturated', on, cause }),
    onFault: (where, error) => post({ type: 'fault', where, what: messageOf(error) }),
  });
  const handle = (message: ToHost): void => {
    if (message.type === 'listen') {
      engine.listen(LISTENER, message.on, (failure) => post({ type: 'listening', failure }));
    } else if (message.type === 'reset') engine.reset(message.slot, message.reason);
    else if (message.type === 'reconsider') engine.reconsider(message.slot);
    else if (message.type === 'unlisten') engine.unlisten(LISTENER, () => {});
    else if (message.type === 'stop-accepting') engine.stopAccepting();
    else if (message.type === 'close') engine.close();
    else if (message.type === 'hold') {
      post({ type: 'held' });
      Atomics.wait(message.gate, 0, 0);
    } else if (message.type === 'report') {
      const secured = script.tls ? securedSides() : 0;
      post({ type: 'report', connections: engine.connections, secured });
    } else process.exit(0);
  };
  runEngine<ToHost>(
    engine,
    port,
    handle,
    () => {},
    () => false,
  );
}

if (parentPort && workerData) run(workerData as Script, parentPort);
