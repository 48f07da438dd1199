/** Clients that speak TLS to a configuration: they ask for a server name, and may send their hello in small pieces. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { dial } from '../engine/tcp.ts';
import { CLOSED, type Front } from './front.ts';

/** A hello has several hundred. */
const PIECE_BYTES = 40;

export interface TlsVisit extends ConnectionOptions {
  /** The hello goes out in pieces. */
  readonly inPieces?: boolean;
}

/** Asks who serves a server name; `closed` when the connection ends before an answer. */
export async function visitByName(front: Front, servername: string, visit: TlsVisit = {}): Promise<string> {
  const socket = await dialByName(front, servername, visit);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write('who\n');
  return new Promise((resolve) => {
    const end = () => {
      resolve(text === '' ? CLOSED : text.trimEnd());
      socket.destroy();
    };
    socket.on('data', () => text.endsWith('\n') && end());
    socket.once('close', end);
  });
}

/** Begins a handshake; whether it succeeds, the socket tells. */
export async function dialByName(
  front: Front,
  servername: string,
  { inPieces = false, ...options }: TlsVisit = {},
): Promise<TLSSocket> {
  const raw = await dial(front.port, front.host);
  raw.on('error', () => undefined);
  const socket = connectTls({
    socket: inPieces ? new InPieces(raw) : raw,
    rejectUnauthorized: false,
    ...(servername !== '' && { servername }),
    ...options,
  });
  socket.on('error', () => undefined);
  return socket;
}

/** Writes a few bytes at a time, each piece in a segment of its own. */
class InPieces extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket.setNoDelay();
    socket.on('data', (chunk) => this.push(chunk));
    socket.once('close', () => this.destroy());
    socket.once('end', () => this.push(null));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const [piece, rest] = [chunk.subarray(0, PIECE_BYTES), chunk.subarray(PIECE_BYTES)];
    this.#socket.write(piece, () => {
      if (rest.length === 0) done();
      else setImmediate(() => this._write(rest, _encoding, done));
    });
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
