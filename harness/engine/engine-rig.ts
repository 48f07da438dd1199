/** An engine in a thread of its own, between clients and backends of a test. */
import { Worker } from 'node:worker_threads';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { EngineHoldings, ListenOn } from '../../data-plane/engine/engine.ts';
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import { type EngineName, PLAIN_SCRIPT, type Script } from './engine-host.ts';
import type { FromHost, ToHost } from './host-messages.ts';
import { libcOrFail } from './libc.ts';
import { RawListener } from './raw-socket.ts';
import { ownPair, secureClient, secureServer } from './tls-sockets.ts';
import { dial, readAll, TcpServer, until, within } from './tcp.ts';

const MAX_SLOTS = 4_096;
/** So few that they run out. */
const MAX_PIPES = 4;

const EVERY_ENGINE = ['portable', 'epoll', 'epoll with splice', 'epoll with TLS'] as const;
/** Groups in which splice plays no part. */
const WITHOUT_BYTES = ['portable', 'epoll'] as const;
const EPOLL_ALONE = ['epoll', 'epoll with splice'] as const;

/**
 * Which engines each group of the contract in test/contract/engine holds for. The portable engine relays, half-closes,
 * resets, times out and keeps its limits; what it does not promise is in docs/adr/0001.
 */
export const CONTRACT_GROUPS = {
  bytes: EVERY_ENGINE,
  ends: EVERY_ENGINE,
  connecting: WITHOUT_BYTES,
  timeouts: [...WITHOUT_BYTES, 'epoll with TLS'],
  orders: WITHOUT_BYTES,
  limits: WITHOUT_BYTES,
  /** No byte is lost whatever the peers do, and every connection is served under pressure. */
  atOnce: EPOLL_ALONE,
  pressure: EPOLL_ALONE,
  random: EPOLL_ALONE,
  firstBytes: EPOLL_ALONE,
} satisfies Record<string, readonly EngineName[]>;

type EventOf<Type extends FromHost['type']> = Extract<FromHost, { type: Type }>;

export class EngineRig {
  readonly events: FromHost[] = [];
  readonly engine: EngineName;
  readonly port: number;
  readonly #worker: Worker;
  readonly #listener: RawListener;
  readonly #wakeFd: number;
  readonly #holdings: EngineHoldings;
  readonly #cleanups: (() => unknown)[] = [];

  private constructor(worker: Worker, listener: RawListener, { engine, holdings, wakeFd }: Script) {
    this.engine = engine;
    this.#worker = worker;
    this.#listener = listener;
    this.#wakeFd = wakeFd;
    this.#holdings = holdings;
    this.port = listener.port;
    worker.on('message', (event: FromHost) => this.events.push(event));
    worker.on('error', (error) => this.events.push({ type: 'violation', what: String(error.stack) }));
  }

  /** An engine that listens on a lent descriptor. Without attempts it tries the rows in turn. */
  static async start(
    engine: EngineName,
    script: Partial<Omit<Script, 'engine'>> & Pick<Script, 'rows'>,
  ): Promise<EngineRig> {
    const listener = new RawListener(script.bufferBytes);
    const wakeFd = libcOrFail().eventfd();
    const workerData: Script = {
      engine,
      wakeFd,
      holdings: {
        epoll: new Int32Array(new SharedArrayBuffer(4)),
        sockets: new Int32Array(new SharedArrayBuffer(8 * MAX_SLOTS)),
        pipes: new Int32Array(new SharedArrayBuffer(8 * MAX_PIPES)),
      },
      attempts: script.rows.map((_, row) => row),
      timeouts: { connectMs: 5_000, idleMs: 0, halfClosedMs: 0, lifetimeMs: 0 },
      ...PLAIN_SCRIPT,
      ...(engine === 'epoll with TLS' && { tls: ownPair() }),
      ...script,
    };
    const worker = new Worker(new URL('./engine-host.js', import.meta.url), { workerData });
    const rig = new EngineRig(worker, listener, workerData);
    assert.equal(
      await rig.listen({ type: 'descriptors', fds: [listener.fd], firstPort: listener.port }),
      null,
    );
    return rig;
  }

  /** Runs `test` with an engine, then stops it and runs the cleanups, the last one first. */
  static async run(
    engine: EngineName,
    script: Partial<Omit<Script, 'engine'>> & Pick<Script, 'rows'>,
    cleanups: readonly (() => unknown)[],
    test: (rig: EngineRig) => Promise<void>,
  ): Promise<void> {
    const rig = await EngineRig.start(engine, script);
    for (const cleanup of cleanups) rig.onStop(cleanup);
    try {
      await test(rig);
    } finally {
      await rig.stop();
    }
  }

  send(message: ToHost): void {
    this.#worker.postMessage(message, []);
    libcOrFail().wake(this.#wakeFd);
  }

  /**
   * Stops the engine's thread before its next turn, until the function returned is called: whatever the peers do
   * meanwhile it meets at once.
   */
  async hold(): Promise<() => void> {
    const before = this.of('held').length;
    const gate = new Int32Array(new SharedArrayBuffer(4));
    this.send({ type: 'hold', gate });
    await until('the engine to be held', () => this.#has('held', before + 1));
    return () => {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    };
  }

  async listen(on: ListenOn): Promise<string | null> {
    const before = this.of('listening').length;
    this.send({ type: 'listen', on });
    await until('listening', () => this.#has('listening', before + 1));
    return this.of('listening').at(-1)?.failure ?? null;
  }

  of<Type extends FromHost['type']>(type: Type): EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type);
  }

  async waitFor<Type extends FromHost['type']>(type: Type, count = 1): Promise<EventOf<Type>[]> {
    await until(`${count} × ${type}`, () => this.#has(type, count));
    return this.of(type);
  }

  /** The reasons that connections were closed for, once there are `count`. */
  async closed(count = 1): Promise<CloseReason[]> {
    return (await this.waitFor('closed', count)).map(({ reason }) => reason);
  }

  /** Open slots, after everything that was sent before has been done. */
  async connections(): Promise<number> {
    return (await this.report()).connections;
  }

  async report(): Promise<EventOf<'report'>> {
    const before = this.of('report').length;
    this.send({ type: 'report' });
    await until('a report', () => this.#has('report', before + 1));
    return this.of('report').at(-1) ?? assert.fail('no report');
  }

  async client(): Promise<Socket> {
    const socket = await dial(this.port);
    this.#cleanups.push(() => socket.destroy());
    return this.engine === 'epoll with TLS' ? secureClient(socket) : socket;
  }

  /** How the connection of a client ended that may be reset before it knows that it was connected. */
  async refusedClient(): Promise<string> {
    const socket = connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true });
    this.#cleanups.push(() => socket.destroy());
    return (await within('the reset', readAll(socket))).how;
  }

  /** Called when the rig stops, the last one first. */
  onStop(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** Fails at once when the engine broke its contract: what is waited for may never come. */
  #has(type: FromHost['type'], count: number): boolean {
    assert.deepEqual(this.of('violation'), []);
    return this.of(type).length >= count;
  }

  /** Ends the thread; fails when the engine broke its contract or has connections that were never closed. */
  async stop(): Promise<void> {
    const gone = once(this.#worker, 'exit');
    this.send({ type: 'close' });
    const { connections: open, secured } = await this.report();
    this.send({ type: 'exit' });
    await within('the engine thread to end', gone);
    for (const cleanup of this.#cleanups.splice(0).reverse()) cleanup();
    this.#listener.close();
    libcOrFail().close(this.#wakeFd);
    libcOrFail().close(this.#holdings.epoll[0] || -1);
    assert.deepEqual(this.of('violation'), []);
    assert.equal(secured, 0, 'OpenSSL has nothing left');
    assert.equal(open, 0, 'no connection is open after close()');
    assert.equal(this.of('closed').length, this.of('accepted').length, 'each connection is closed once');
  }
}

/** Runs `test` with an engine in front of one backend; `serve` gets each of the backend's sockets. */
export async function withBackend(
  engine: EngineName,
  script: Partial<Omit<Script, 'engine' | 'rows'>>,
  serve: (socket: Socket) => void,
  test: (rig: EngineRig, backend: TcpServer) => Promise<void>,
): Promise<void> {
  const backend = await TcpServer.start(
    engine === 'epoll with TLS' ? (socket) => void secureServer(socket).then(serve) : serve,
  );
  const rows = [{ host: '127.0.0.1', port: backend.port }];
  await EngineRig.run(engine, { rows, ...script }, [() => backend.stop()], (rig) => test(rig, backend));
}

/** A client and its backend's socket, connected through the engine. Neither is read yet. */
export async function connectedPair(
  engine: EngineName,
  script: Partial<Omit<Script, 'engine' | 'rows'>>,
  test: (pair: { rig: EngineRig; client: Socket; backend: Socket }) => Promise<void>,
): Promise<void> {
  const sockets: Socket[] = [];
  await withBackend(
    engine,
    script,
    (socket) => sockets.push(socket),
    async (rig) => {
      const client = await rig.client();
      await until('the backend to be connected', () => sockets.length > 0);
      const [backend] = sockets;
      assert.ok(backend);
      await rig.waitFor('established');
      await test({ rig, client, backend });
    },
  );
}
