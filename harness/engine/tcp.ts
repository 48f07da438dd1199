/** Small TCP actors for tests of traffic: servers, clients, hashes, and waiting for things with a deadline. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** How many times as long as usual to wait: TEST_PATIENCE is more than 1 under an emulator. */
export const PATIENCE = Number(process.env['TEST_PATIENCE'] ?? 1);
/** Long enough for a loaded machine; a test that waits this long has failed. */
const DEADLINE_MS = 30_000 * PATIENCE;

const STEP_MS = 5;
/** Time in which this process had the machine, and when that was read last. */
let ownMs = 0;
let readMs = performance.now();

/**
 * A step that takes longer than it should has waited for other processes, and so have the programs under test. So
 * deadlines in this time are later the busier the machine is.
 */
function readOwnMs(): number {
  const nowMs = performance.now();
  ownMs += Math.min(nowMs - readMs, 2 * STEP_MS);
  readMs = nowMs;
  return ownMs;
}
setInterval(readOwnMs, STEP_MS).unref();

/** Resolves when `isTrue`, asked again and again; rejects with `what` after the deadline. */
export async function until(what: string, isTrue: () => boolean, deadlineMs = DEADLINE_MS): Promise<void> {
  const endMs = readOwnMs() + deadlineMs;
  while (!isTrue()) {
    if (readOwnMs() > endMs) throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
    await pause(STEP_MS);
  }
}

/** The promise, or a rejection with `what` after the deadline. */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  const given = new AbortController();
  const late = pauseOwn(deadlineMs, given.signal).then(() => {
    throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    given.abort();
  }
}

async function pauseOwn(ms: number, signal: AbortSignal): Promise<void> {
  const endMs = readOwnMs() + ms;
  for (let leftMs = ms; leftMs > 0 && !signal.aborted; leftMs = endMs - readOwnMs())
    await pause(leftMs, signal);
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}

/** Resolves with the event, or with the end of the socket: unlike `once` of node:events it never rejects. */
export function either(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve) => {
    socket.once(event, () => resolve());
    socket.once('close', () => resolve());
    if (socket.destroyed) resolve();
  });
}

/** A TCP server on a free port of 127.0.0.1 that remembers its sockets. */
export class TcpServer {
  readonly sockets: Socket[] = [];
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** `serve` gets each socket, half-open allowed, its errors swallowed. */
  static async start(serve: (socket: Socket) => void, port = 0): Promise<TcpServer> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    // A queue that overflows delays a client by seconds, silently.
    server.listen({ port, host: '127.0.0.1', backlog: 4_096 });
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const started = new TcpServer(server, address.port);
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      started.sockets.push(doubtEnds(socket));
      serve(socket);
    });
    return started;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Stops listening and resets what is open. */
  stop(): void {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Sends back what it gets. */
export function mirror(socket: Socket): void {
  socket.pipe(socket);
}

/** Answers each line of text with its own name and the line. */
export function startEcho(name: string, port = 0): Promise<TcpServer> {
  return TcpServer.start((socket) => {
    socket.on('data', (chunk) => socket.write(`${name}:${chunk.toString('latin1')}`));
    socket.on('end', () => socket.end());
    socket.resume();
  }, port);
}

/** A client with half-open allowed, connected. */
export async function dial(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host, allowHalfOpen: true });
  socket.on('error', () => {});
  await within('connecting', once(socket, 'connect'));
  return doubtEnds(socket);
}

/** How the input of a socket ended, and what came before. */
export interface Received {
  readonly bytes: number;
  readonly sha256: string;
  readonly text: string;
  /** `end` in order, `closed` by this side itself, else the code of the error. */
  readonly how: string;
}

/** Reads a socket to the end, whichever that is. The text is kept up to 64 KB. */
export function readAll(socket: Socket): Promise<Received> {
  const hash = createHash('sha256');
  let bytes = 0;
  let text = '';
  return new Promise((resolve) => {
    let isFinished = false;
    const finish = (how: string): void => {
      if (!isFinished) resolve({ bytes, sha256: hash.digest('hex'), text, how });
      isFinished = true;
    };
    socket.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
      if (text.length < 65_536) text += chunk.toString('latin1');
    });
    socket.once('end', () => finish('end'));
    // Our own doing, unless the end was heard already.
    socket.once('close', () => finish(socket.readableEnded ? 'end' : 'closed'));
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    if (socket.destroyed) finish('closed');
    socket.resume();
  });
}

/**
 * libuv takes a reset behind some last bytes for an end, without asking the kernel. This makes a socket read once more
 * before it believes an end.
 */
function doubtEnds(socket: Socket): Socket {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readStart(): number } };
  const push = socket.push.bind(socket);
  let isInDoubt = true;
  socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk !== null || !isInDoubt) return push(chunk, encoding);
    isInDoubt = false;
    return handle.readStart() === 0 || push(null);
  };
  return socket;
}

/** One line to a server and its answer. */
export async function ask(socket: Socket, line: string): Promise<string> {
  const answer = once(socket, 'data').then(([chunk]) => String(chunk));
  const closed = once(socket, 'close').then(() => 'closed');
  socket.write(line);
  return within(`an answer to ${line}`, Promise.race([answer, closed]));
}
