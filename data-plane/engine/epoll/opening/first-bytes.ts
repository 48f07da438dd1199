/**
 * Reads the first bytes of clients before a backend is chosen: a PROXY header, or the hello of TLS.
 *
 * Invariants
 *  - what is read stays in the kernel, and the backend gets it; a PROXY header and the requests of PostgreSQL, which are
 *    for us, are taken out to the byte;
 *  - a client has one time for all of it, from its accept, and LONGEST bytes for each part;
 *  - one buffer serves all clients of a worker, and nothing is kept of a client whose backend is connected.
 */
import { type Hello, LONGEST_HELLO, readClientHello } from '../../../first-bytes/client-hello.ts';
import { areOfHeader, LONGEST_HEADER, readProxyHeader } from '../../../first-bytes/proxy-header.ts';
import {
  type PostgresRequest,
  readPostgresRequest,
  SSL_REQUEST,
  UNWILLING,
  WILLING,
} from '../../../first-bytes/ssl-request.ts';
import { type FirstBytes, READ_FIRST } from '../../engine.ts';
import { isTransient } from '../../../kernel/errno.ts';
import type { Ffi } from '../../../kernel/ffi.ts';
import { EAGAIN, EINTR } from '../../../kernel/linux.ts';
import { PeerAddress } from '../../peer-address.ts';
import type { LoopContext } from '../loop-context.ts';
import { CLIENT, SIDE, STATE } from '../slots.ts';

const LONGEST = Math.max(LONGEST_HELLO, LONGEST_HEADER);

export interface FirstBytesEvents {
  /** The handler returned a row, or what stands for one. */
  decided(slot: number, row: number): void;
  clientLost(slot: number): void;
}

/** The engine's own, which the handler only reads. */
interface Found extends Hello, FirstBytes {
  what: FirstBytes['what'];
  isLocal: boolean;
  serverName: string | null;
  alpn: readonly string[];
}

// `!` on typed arrays in this file: a slot is within them.
export class FirstBytesStage {
  readonly #context: LoopContext;
  readonly #events: FirstBytesEvents;
  readonly #buffer = new Uint8Array(LONGEST);
  readonly #bufferAt: number;
  /** What clients last asked for before TLS, as those of PostgreSQL do, until they have a backend. */
  readonly #asked = new Map<number, PostgresRequest>();
  readonly #client = new PeerAddress();
  readonly #local = new PeerAddress();
  readonly #header = { length: 0, isLocal: true, source: this.#client, destination: this.#local };
  readonly #found: Found = {
    what: 'timeout',
    client: this.#client,
    local: this.#local,
    isLocal: true,
    serverName: null,
    alpn: [],
  };

  constructor(context: LoopContext, ffi: Pick<Ffi, 'address'>, events: FirstBytesEvents) {
    this.#context = context;
    this.#events = events;
    this.#bufferAt = ffi.address(this.#buffer);
  }

  /** The handler wants to know them. The first event says when there are any. */
  begin(slot: number): void {
    const { deadlines, handler, nowMs, slots } = this.#context;
    slots.states[slot] = STATE.reading;
    deadlines.set(slot, nowMs + handler.firstBytes(slot).timeoutMs);
  }

  /** The client has said something, or ended. */
  look(slot: number): void {
    let row = READ_FIRST;
    while (row === READ_FIRST) {
      const what = this.#read(slot);
      if (what === 'incomplete') return;
      if (what === 'lost') return this.#events.clientLost(slot);
      row = this.#tell(slot, what);
    }
    this.#decide(slot, row);
  }

  /** What has come until now decides: an event of it may not have been seen yet. */
  onDeadline(slot: number): void {
    const { slots } = this.#context;
    slots.sides[2 * slot + CLIENT]! |= SIDE.readable;
    this.look(slot);
    if (slots.states[slot] !== STATE.reading) return;
    const row = this.#tell(slot, 'timeout');
    // Whoever was late for one thing has no time for another.
    this.#decide(slot, row === READ_FIRST ? this.#tell(slot, 'timeout') : row);
  }

  /** Whether the client has asked for TLS as clients of PostgreSQL do, so that the backend has to be asked, too. */
  hasAsked(slot: number): boolean {
    return this.#asked.size > 0 && this.#asked.get(slot) === 'ssl';
  }

  /** The slot is free, or its backend is connected. */
  forget(slot: number): void {
    if (this.#asked.size > 0) this.#asked.delete(slot);
  }

  #tell(slot: number, what: FirstBytes['what']): number {
    this.#found.what = what;
    return this.#context.handler.onFirstBytes(slot, this.#found);
  }

  #decide(slot: number, row: number): void {
    const { deadlines, slots } = this.#context;
    deadlines.cancel(slot);
    slots.states[slot] = STATE.connecting;
    this.#events.decided(slot, row);
  }

  #read(slot: number): FirstBytes['what'] | 'incomplete' | 'lost' {
    const { handler, slots, sys } = this.#context;
    const side = 2 * slot + CLIENT;
    const fd = slots.descriptors[side]!;
    const got = sys.peek(fd, this.#bufferAt, LONGEST);
    if (got < 0) {
      slots.sides[side]! &= ~SIDE.readable;
      return got === -EAGAIN || got === -EINTR || isTransient(-got) ? 'incomplete' : 'lost';
    }
    const bytes = this.#buffer.subarray(0, got);
    const what = handler.firstBytes(slot).proxyHeader
      ? this.#readHeader(fd, bytes)
      : this.#readHello(slot, fd, bytes);
    if (what !== 'incomplete') return what;
    if (got === LONGEST) return 'malformed';
    // A segment and the end behind it may come in one event.
    return got === 0 || (slots.sides[side]! & SIDE.ending) !== 0 ? 'ended' : 'incomplete';
  }

  #readHeader(fd: number, bytes: Uint8Array): FirstBytes['what'] | 'incomplete' | 'lost' {
    const verdict = readProxyHeader(bytes, this.#header);
    if (verdict === 'incomplete') return verdict;
    // Two headers, one behind the other: nobody can tell whether a balancer sent the second one, or the client.
    if (verdict !== 'header' || areOfHeader(bytes.subarray(this.#header.length))) return 'malformed';
    if (!this.#take(fd, this.#header.length)) return 'lost';
    this.#found.isLocal = this.#header.isLocal;
    return 'proxy_header';
  }

  #readHello(slot: number, fd: number, bytes: Uint8Array): FirstBytes['what'] | 'incomplete' | 'lost' {
    const { sys } = this.#context;
    const request = readPostgresRequest(bytes);
    const before = this.#asked.get(slot);
    if (request === 'none') {
      const verdict = readClientHello(bytes, this.#found);
      // It was promised TLS, and the backend will be asked for it.
      return verdict === 'not_tls' && before === 'ssl' ? 'malformed' : verdict;
    }
    if (request === 'incomplete') return request;
    // GSSAPI, then TLS, each once: a client could ask for ever.
    if (before === 'ssl' || before === request) return 'malformed';
    if (!this.#take(fd, SSL_REQUEST.length)) return 'lost';
    this.#asked.set(slot, request);
    this.#buffer[0] = request === 'ssl' ? WILLING : UNWILLING;
    if (sys.send(fd, this.#bufferAt, 1) !== 1) return 'lost';
    const got = sys.peek(fd, this.#bufferAt, LONGEST);
    if (got > 0) return this.#readHello(slot, fd, this.#buffer.subarray(0, got));
    return got === 0 || got === -EAGAIN || isTransient(-got) ? 'incomplete' : 'lost';
  }

  #take(fd: number, length: number): boolean {
    return this.#context.sys.discard(fd, length) === length;
  }
}
