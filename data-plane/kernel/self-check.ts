/**
 * Makes one connection over loopback with the calls that no connection can do without, and compares the results: a layout
 * or a constant that is wrong on this machine must be found at start, not by a crash under traffic.
 */
import { errnoName } from './errno.ts';
import type { Ffi } from './ffi.ts';
import { EINPROGRESS, EPOLL } from './linux.ts';
import { LoopCalls } from './loop-calls.ts';

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const SENT = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const LOW = 0x1234_5678;
const HIGH = 0x0765_4321;
const DEADLINE_MS = 2_000;

/** Null, or what went wrong. */
export function selfCheck(ffi: Ffi): string | null {
  const descriptors: number[] = [];
  let sys: LoopCalls | null = null;
  try {
    sys = new LoopCalls(ffi, 4);
    exchange(sys, ffi, descriptors);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const fd of descriptors) sys?.close(fd);
  }
}

/** Throws an error that says what went wrong. */
function exchange(sys: LoopCalls, ffi: Ffi, descriptors: number[]): void {
  const open = (what: string, fd: number): number => {
    descriptors.push(checked(what, fd));
    return fd;
  };
  const epoll = open('epoll_create1', sys.epollCreate());
  const listening = open('socket', sys.socket(4));
  checked('bind', sys.bind(listening, LOOPBACK, 0));
  checked('listen', sys.listen(listening, 1));
  checked('epoll_ctl', sys.epollAdd(epoll, listening, EPOLL.in, LOW, HIGH));
  const client = open('socket', sys.socket(4));
  const port = checked('getsockname', sys.localPort(listening));
  const connecting = sys.connect(client, LOOPBACK, port);
  if (connecting !== -EINPROGRESS) checked('connect', connecting);
  demand('epoll_wait', sys.epollWait(epoll, DEADLINE_MS) === 1);
  const event = [sys.eventBits(0), sys.eventLow(0), sys.eventHigh(0)];
  demand(`struct epoll_event (${event.join()})`, event.join() === [EPOLL.in, LOW, HIGH].join());
  const server = open('accept4', sys.accept(listening));
  const { bytes, start, length } = sys.peerIp;
  demand('the address of accept4', bytes.subarray(start, start + length).join() === LOOPBACK.join());
  demand('getsockopt', sys.pendingError(client) === 0);
  relay(sys, ffi, epoll, client, server);
}

function relay(sys: LoopCalls, ffi: Ffi, epoll: number, client: number, server: number): void {
  const received = new Uint8Array(SENT.length);
  const [from, to] = [ffi.address(SENT), ffi.address(received)];
  demand('send', sys.send(client, from, SENT.length) === SENT.length);
  checked('epoll_ctl', sys.epollAdd(epoll, server, EPOLL.in | EPOLL.edge, LOW, HIGH));
  demand('an edge', sys.epollWait(epoll, DEADLINE_MS) === 1);
  demand('recv with MSG_PEEK', sys.peek(server, to, SENT.length) === SENT.length);
  demand('recv with MSG_PEEK and MSG_TRUNC', sys.hasUnread(server) && !sys.hasUnread(client));
  demand('recv with MSG_TRUNC', sys.discard(server, 3) === 3);
  demand('recv', sys.receive(server, to, SENT.length) === SENT.length - 3);
  demand('the bytes', received.subarray(0, 5).join() === SENT.subarray(3).join());
  checked('epoll_ctl', sys.epollChange(epoll, server, EPOLL.out | EPOLL.edge, LOW, HIGH));
  demand('an edge of output', sys.epollWait(epoll, DEADLINE_MS) === 1 && sys.eventBits(0) === EPOLL.out);
  demand('send', sys.send(client, from, 1) === 1 && sys.epollWait(epoll, 0) === 0);
  checked('epoll_ctl', sys.epollChange(epoll, server, EPOLL.in | EPOLL.edge, LOW, HIGH));
  demand(
    'an edge for earlier input',
    sys.epollWait(epoll, DEADLINE_MS) === 1 && sys.receive(server, to, 1) === 1,
  );
  checked('shutdown', sys.endOutput(client));
  demand('the end', sys.epollWait(epoll, DEADLINE_MS) === 1 && sys.receive(server, to, 1) === 0);
}

function checked(what: string, result: number): number {
  if (result < 0) throw new Error(`${what} failed with ${errnoName(-result)}`);
  return result;
}

function demand(what: string, isRight: boolean): void {
  if (!isRight) throw new Error(`${what} gave a wrong result`);
}
