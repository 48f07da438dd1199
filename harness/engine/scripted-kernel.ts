/**
 * A kernel that answers what a test says, and notes what it was asked. It has no sockets and never waits: an event comes
 * when the test says so, and an errno that a machine gives once in a year is one line.
 *
 * It fails the test when a descriptor is closed twice or used after that.
 */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import type { Ffi } from '../../data-plane/kernel/ffi.ts';
import type { SocketOption } from '../../data-plane/kernel/linux.ts';
import type { Kernel } from '../../data-plane/kernel/loop-calls.ts';

const { EAGAIN, EINPROGRESS, ENOENT } = constants.errno;

export interface KernelEvent {
  readonly low: number;
  readonly high: number;
  readonly bits: number;
}

interface Registration {
  readonly events: number;
  readonly low: number;
  readonly high: number;
}

/** Of these a test says the answers to come. What is not said is answered as a kernel does that has enough of everything. */
type Scripted =
  | 'accept'
  | 'socket'
  | 'bind'
  | 'connect'
  | 'epollAdd'
  | 'epollChange'
  | 'send'
  | 'discard'
  | 'splice'
  | 'pendingError'
  | 'unacknowledged'
  /** 1: it is. */
  | 'isItsOwnPeer';

export class ScriptedKernel implements Kernel {
  /** The next answers of each call. 0 or more from `accept` and `socket`: a descriptor, whichever. */
  readonly answers: { [Call in Scripted]?: number[] } = {};
  /** By descriptor, what reads bring: bytes, 0 for the end, or an errno negated. Nothing: EAGAIN. */
  readonly inbox = new Map<number, (Uint8Array | number)[]>();
  /** By descriptor, what was sent. */
  readonly sent = new Map<number, number[]>();
  /** What was asked of `accept`, `socket`, `bind`, `connect`, `close`, `reset` and `endOutput`, in words. */
  readonly calls: string[] = [];
  /** What was set, as `descriptor option value`. */
  readonly options: string[] = [];
  readonly open = new Set<number>();
  /** By descriptor, what its events say. */
  readonly registered = new Map<number, Registration>();
  /** What the next wait brings. */
  batch: KernelEvent[] = [];
  lastWaitMs = Number.NaN;
  largestPipe = Number.POSITIVE_INFINITY;
  pipesLeft = Number.POSITIVE_INFINITY;
  #current: readonly KernelEvent[] = [];
  #nextFd = 100;
  readonly #memory: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #nextAddress = 0x1_0000;

  /** Names memory by numbers that this kernel alone understands. */
  readonly ffi: Pick<Ffi, 'address'> = {
    address: (memory) => {
      const at = this.#nextAddress;
      this.#nextAddress += memory.byteLength + 1;
      this.#memory.push({ at, bytes: new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength) });
      return at;
    },
  };

  /** A descriptor that somebody else opened. */
  lend(): number {
    const fd = this.#nextFd++;
    this.open.add(fd);
    return fd;
  }

  /** An event of a descriptor, as it would say when it were told now. */
  event(fd: number, bits: number): KernelEvent {
    const { low, high } = this.registered.get(fd) ?? assert.fail(`${fd} is not registered`);
    return { low, high, bits };
  }

  count(call: string): number {
    return this.calls.filter((made) => made.startsWith(call)).length;
  }

  epollCreate(): number {
    return this.lend();
  }

  epollAdd(_epoll: number, fd: number, events: number, low: number, high: number): number {
    const answer = this.answers.epollAdd?.shift() ?? 0;
    if (answer < 0) return answer;
    assert.ok(!this.registered.has(fd), `${fd} is registered already`);
    this.#demandOpen(fd);
    this.registered.set(fd, { events, low, high });
    return 0;
  }

  epollChange(_epoll: number, fd: number, events: number, low: number, high: number): number {
    const answer = this.answers.epollChange?.shift() ?? 0;
    if (answer < 0) return answer;
    this.calls.push(`epollChange ${fd}`);
    assert.deepEqual([low, high], [this.registered.get(fd)?.low, this.registered.get(fd)?.high]);
    this.registered.set(fd, { events, low, high });
    return 0;
  }

  epollDelete(_epoll: number, fd: number): number {
    return this.registered.delete(fd) ? 0 : -ENOENT;
  }

  epollWait(_epoll: number, timeoutMs: number): number {
    this.lastWaitMs = timeoutMs;
    this.#current = this.batch;
    this.batch = [];
    return this.#current.length;
  }

  eventBits(index: number): number {
    return this.#current[index]?.bits ?? assert.fail();
  }

  eventLow(index: number): number {
    return this.#current[index]?.low ?? assert.fail();
  }

  eventHigh(index: number): number {
    return this.#current[index]?.high ?? assert.fail();
  }

  accept(fd: number): number {
    this.calls.push(`accept ${fd}`);
    this.#demandOpen(fd);
    const answer = this.answers.accept?.shift() ?? -EAGAIN;
    if (answer < 0) return answer;
    return this.lend();
  }

  readonly peerPort = 4_711;
  readonly peerIp = { bytes: Uint8Array.of(127, 0, 0, 1), start: 0, length: 4 } as const;

  socket(family: 4 | 6): number {
    this.calls.push(`socket ${family}`);
    const answer = this.answers.socket?.shift() ?? 0;
    return answer < 0 ? answer : this.lend();
  }

  bind(fd: number, ip: Uint8Array, port: number): number {
    return this.#withAddress('bind', fd, ip, port) ?? 0;
  }

  connect(fd: number, ip: Uint8Array, port: number): number {
    return this.#withAddress('connect', fd, ip, port) ?? -EINPROGRESS;
  }

  readonly readPeer = () => 0;
  readonly readLocal = () => 0;

  localPort(): number {
    return 0;
  }

  localPorts: readonly [number, number] = [0, 65_535];

  isItsOwnPeer(): boolean {
    this.calls.push('isItsOwnPeer');
    return (this.answers.isItsOwnPeer?.shift() ?? 0) === 1;
  }

  listen(): number {
    return 0;
  }

  setOption(fd: number, option: SocketOption, value: number): number {
    this.#demandOpen(fd);
    this.options.push(`${fd} ${option} ${value}`);
    return 0;
  }

  pendingError(fd: number): number {
    this.#demandOpen(fd);
    return this.answers.pendingError?.shift() ?? 0;
  }

  receive(fd: number, at: number, size: number): number {
    const got = this.peek(fd, at, size);
    if (got > 0) this.#consume(fd, got);
    return got;
  }

  peek(fd: number, at: number, size: number): number {
    this.#demandOpen(fd);
    const inbox = this.inbox.get(fd) ?? [];
    const [next = -EAGAIN] = inbox;
    if (typeof next !== 'number') {
      const got = next.subarray(0, size);
      this.#memoryAt(at, got.length).set(got);
      return got.length;
    }
    // An end stays; an error is told once.
    if (next !== 0) inbox.shift();
    return next;
  }

  hasUnread(fd: number): boolean {
    this.#demandOpen(fd);
    return typeof (this.inbox.get(fd) ?? [])[0] === 'object';
  }

  discard(fd: number, size: number): number {
    const answer = this.answers.discard?.shift() ?? size;
    if (answer > 0) this.#consume(fd, answer);
    return answer;
  }

  send(fd: number, at: number, size: number): number {
    this.#demandOpen(fd);
    const taken = Math.min(this.answers.send?.shift() ?? size, size);
    if (taken > 0) this.sent.set(fd, [...(this.sent.get(fd) ?? []), ...this.#memoryAt(at, taken)]);
    return taken;
  }

  splice(from: number, to: number, size: number): number {
    this.calls.push(`splice ${from}>${to} ${size}`);
    return this.answers.splice?.shift() ?? -EAGAIN;
  }

  pipe(bytes: number): { readonly output: number; readonly input: number } | null {
    this.calls.push(`pipe ${bytes}`);
    if (bytes > this.largestPipe || this.pipesLeft <= 0) return null;
    this.pipesLeft -= 1;
    return { output: this.lend(), input: this.lend() };
  }

  endOutput(fd: number): number {
    this.calls.push(`endOutput ${fd}`);
    this.#demandOpen(fd);
    return 0;
  }

  unacknowledged(fd: number): number {
    this.#demandOpen(fd);
    return this.answers.unacknowledged?.shift() ?? 0;
  }

  close(fd: number): number {
    this.calls.push(`close ${fd}`);
    return this.#close(fd);
  }

  reset(fd: number): number {
    this.calls.push(`reset ${fd}`);
    return this.#close(fd);
  }

  #close(fd: number): number {
    this.#demandOpen(fd);
    this.open.delete(fd);
    this.registered.delete(fd);
    return 0;
  }

  #withAddress(call: 'bind' | 'connect', fd: number, ip: Uint8Array, port: number): number | undefined {
    this.#demandOpen(fd);
    this.calls.push(`${call} ${fd} ${ip.join('.')}:${port}`);
    return this.answers[call]?.shift();
  }

  #consume(fd: number, size: number): void {
    const inbox = this.inbox.get(fd) ?? [];
    const [bytes] = inbox;
    assert.ok(bytes instanceof Uint8Array && size <= bytes.length);
    if (size === bytes.length) inbox.shift();
    else inbox[0] = bytes.subarray(size);
  }

  #memoryAt(at: number, size: number): Uint8Array {
    const region = this.#memory.find(
      ({ at: start, bytes }) => at >= start && at + size <= start + bytes.length,
    );
    assert.ok(region, 'memory that was never named');
    return region.bytes.subarray(at - region.at, at - region.at + size);
  }

  #demandOpen(fd: number): void {
    assert.ok(this.open.has(fd), `descriptor ${fd} is closed`);
  }
}
