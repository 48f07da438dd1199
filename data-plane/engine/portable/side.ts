/**
 * One end of a connection: a net.Socket without its stream machinery.
 *
 * Node's own rules lose bytes: a failed write destroys the socket, and with it what the peer had sent in order before
 * and we had not read yet. So `push` and `destroy`, which the socket calls when the handle has something for it, lead
 * here instead: input goes straight to the owner, and an error ends the direction it belongs to and nothing else.
 *
 * Invariants
 *  - after close() or reset() the owner is never called again, and both may be called any number of times;
 *  - an end of input is believed only when a second read says so too: libuv takes a reset behind some last bytes for
 *    an end, without asking the kernel;
 *  - the end of output is sent only after every byte before it was taken by the kernel;
 *  - an exception of the owner reaches owner.threw, never Node.
 */
import { Socket } from 'node:net';
import { ERRNO, errnoOf, isShortage } from '../../kernel/errno.ts';

/** What a side tells. Errnos are positive. */
export interface SideOwner {
  connected(side: Side): void;
  connectFailed(side: Side, errno: number): void;
  /** Input. False: read no more until resume(). */
  received(side: Side, chunk: Uint8Array): boolean;
  inputEnded(side: Side): void;
  inputBroke(side: Side): void;
  /** The kernel took more of what was sent: see `taken` and `pending`. */
  flushed(side: Side): void;
  outputEnded(side: Side): void;
  outputBroke(side: Side): void;
  threw(error: unknown): void;
}

/** The parts of Node's handle that have no public name. */
interface Handle {
  readonly fd?: number;
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  readStart(): number;
}

export class Side {
  readonly #socket: Socket;
  readonly #owner: SideOwner;
  #open = true;
  #connecting = false;
  #reading = false;
  #given = 0;
  #taken = 0;
  #inputOver = false;
  #isEndInDoubt = true;
  #outputBroken = false;
  #isReset = false;
  #output: 'open' | 'ending' | 'ended' = 'open';
  #resetWhenEnded = false;
  readonly #onWritten: (error?: Error | null) => void;

  /** `socket` is accepted and paused, or fresh. */
  constructor(socket: Socket, owner: SideOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#onWritten = (error) => this.#written(error);
    socket.push = (chunk: Uint8Array | null) => this.#pushed(chunk);
    socket.destroy = (error?: Error) => {
      if (error) this.#failed(error);
      return socket;
    };
    // Every error comes through `destroy`; without a listener, one that does not would end the process.
    socket.on('error', () => {});
  }

  /** Positive while the socket is open, else -1. */
  get fd(): number {
    return this.#handle?.fd ?? -1;
  }

  /** Bytes sent and not yet taken by the kernel. */
  get pending(): number {
    return this.#given - this.#taken;
  }

  /** Bytes that the kernel took. */
  get taken(): number {
    return this.#taken;
  }

  get isInputOver(): boolean {
    return this.#inputOver;
  }

  get isOutputBroken(): boolean {
    return this.#outputBroken;
  }

  /** It was reset, or lost, and had not ended its output in order. */
  get isReset(): boolean {
    return this.#isReset;
  }

  get isOutputEnded(): boolean {
    return this.#output === 'ended';
  }

  connect(host: string, port: number, localAddress: string | undefined): void {
    this.#connecting = true;
    this.#socket.once('connect', () => {
      if (!this.#open) return;
      this.#connecting = false;
      this.#guarded(() => this.#owner.connected(this));
    });
    this.#socket.connect({ host, port, ...(localAddress === undefined ? {} : { localAddress }) });
  }

  /** Sets what holds for every connection. The interval of the probes is libuv's where we have no say. */
  configure(keepAliveMs: number): void {
    this.#socket.setNoDelay(true);
    this.#socket.setKeepAlive(true, keepAliveMs);
  }

  /** Reads on, or for the first time. */
  resume(): void {
    if (!this.#open || this.#inputOver || this.#reading) return;
    this.#reading = true;
    this.#socket._read(0);
  }

  send(chunk: Uint8Array): void {
    this.#given += chunk.length;
    this.#socket.write(chunk, this.#onWritten);
  }

  /** What the kernel took of the last chunk is known to the handle alone. A failed write leaves no trace of it. */
  count(): void {
    const handle = this.#handle;
    if (this.pending === 0 || this.#outputBroken || handle?.bytesWritten === undefined) return;
    this.#taken = Math.max(this.#taken, handle.bytesWritten - (handle.writeQueueSize ?? 0));
  }

  /** Ends the output in order, once nothing is pending: the caller waits for that. */
  endOutput(): void {
    if (this.#output !== 'open' || !this.#open) return;
    this.#output = 'ending';
    this.#socket.end(() => this.#ended());
  }

  /** Closes in order: what the kernel took still reaches the peer. */
  close(): void {
    if (!this.#open) return;
    this.#shut();
    Socket.prototype.destroy.call(this.#socket);
  }

  /** Closes with a reset. */
  reset(): void {
    if (!this.#open) return;
    this.#shut();
    // libuv refuses to reset while the end of output is on its way to the kernel, which takes one turn of the loop.
    if (this.#output === 'ending') this.#resetWhenEnded = true;
    else this.#resetNow();
  }

  get #handle(): Handle | null {
    return (this.#socket as unknown as { _handle: Handle | null })._handle;
  }

  #shut(): void {
    this.count();
    this.#open = false;
  }

  #resetNow(): void {
    Reflect.deleteProperty(this.#socket, 'destroy');
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #ended(): void {
    this.#output = 'ended';
    if (this.#resetWhenEnded) this.#resetNow();
    else if (this.#open) this.#guarded(() => this.#owner.outputEnded(this));
  }

  #pushed(chunk: Uint8Array | null): boolean {
    if (!this.#open || this.#inputOver) return false;
    let goOn = false;
    this.#guarded(() => {
      if (chunk === null) this.#endSeen();
      else goOn = this.#owner.received(this, chunk);
    });
    this.#reading = goOn && this.#open;
    return this.#reading;
  }

  #endSeen(): void {
    if (this.#isEndInDoubt) {
      this.#isEndInDoubt = false;
      if (this.#handle?.readStart() === 0) return;
    }
    this.#inputOver = true;
    this.#owner.inputEnded(this);
  }

  #written(error: Error | null | undefined): void {
    if (error || !this.#open) return;
    this.#taken = Math.max(this.#taken, this.#given - this.#socket.writableLength);
    this.#guarded(() => this.#owner.flushed(this));
  }

  #failed(error: Error & { readonly syscall?: string }): void {
    if (!this.#open) return;
    const errno = errnoOf(error);
    this.#guarded(() => {
      if (this.#connecting) this.#owner.connectFailed(this, errno);
      // Node gives up a socket whose send failed, so there is nothing to try again.
      else if (isShortage(errno)) throw error;
      else if (error.syscall === 'write') this.#outputFailed(errno);
      else if (error.syscall === 'read') this.#inputFailed();
      // Only a peer that is gone makes shutdown(2) fail: reading says how it went.
      else if (error.syscall !== 'shutdown') throw error;
    });
  }

  /** EPIPE: the peer ended its output in order before it was reset. The kernel says any other errno once. */
  #outputFailed(errno: number): void {
    if (this.#outputBroken) return;
    this.#outputBroken = true;
    this.#isReset = errno !== ERRNO.pipe && !this.#inputOver;
    this.#owner.outputBroke(this);
  }

  #inputFailed(): void {
    if (this.#inputOver) return;
    this.#inputOver = true;
    this.#outputBroken = true;
    this.#isReset = true;
    this.#owner.inputBroke(this);
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#owner.threw(error);
    }
  }
}
