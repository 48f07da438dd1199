/**
 * Checks that a TCP connection can be established, with the calls of the epoll engine: a check through Node's sockets
 * takes several times the CPU, and a proxy with many backends makes hundreds a second.
 *
 * Node's loop can't wait for an epoll of ours, so it is looked at: once in the next turn, which is enough for a backend
 * near by, and every few milliseconds after that while any check is under way.
 *
 * Invariants
 *  - ends within the timeout and one turn of the event loop;
 *  - an established connection is ended with a reset: no TIME_WAIT is left behind, here or there. Unless this process
 *    stands still for 200 ms the reset comes before the handshake's last acknowledgement, so the server's kernel drops
 *    the half-open connection: its program accepts none, starts no process for it and logs nothing;
 *  - it comes from the first source address of the family of the backend, if any is set, or from the next one when that
 *    is out of ports;
 *  - at the deadline it looks once more: after a pause of this process the timer comes before a success that has long
 *    arrived;
 *  - an event that was fetched for a check that is over is ignored: checks are told apart by a number, not by descriptor.
 */
import { parseIp } from '../../core/model/ip.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { EADDRNOTAVAIL, EINPROGRESS, EPOLL } from '../kernel/linux.ts';
import { LoopCalls } from '../kernel/loop-calls.ts';
import { errnoName, isOutOfPorts } from '../kernel/errno.ts';
import { loadFfi } from '../kernel/ffi.ts';
import { refused, timedOut } from './check-results.ts';
import { type Checker, type CheckResult, type CheckTarget, later, type RunningCheck } from './checker.ts';

const LOOK_EVERY_MS = 5;
const MAX_EVENTS = 64;
const NUMBERS = 2 ** 31;

interface Pending {
  readonly fd: number;
  readonly deadline: Timer;
  readonly done: (result: CheckResult) => void;
}

/** Throws where the epoll engine can't run. */
export function epollChecker(clock: Clock, sourceAddresses: readonly string[]): Checker {
  const { ffi, reason } = loadFfi();
  if (!ffi) throw new Error(reason);
  const sys = new LoopCalls(ffi, MAX_EVENTS);
  const epoll = sys.epollCreate();
  if (epoll < 0) throw new Error(`no epoll for health checks: ${errnoName(-epoll)}`);
  const sources = sourceAddresses.map(parseIp).filter((ip) => ip !== null);
  return new EpollChecker(clock, sys, epoll, sources);
}

class EpollChecker implements Checker {
  readonly #clock: Clock;
  readonly #sys: LoopCalls;
  readonly #epoll: number;
  readonly #sources: readonly Uint8Array[];
  readonly #pending = new Map<number, Pending>();
  #last = 0;
  #isLookPlanned = false;

  constructor(clock: Clock, sys: LoopCalls, epoll: number, sources: readonly Uint8Array[]) {
    this.#clock = clock;
    this.#sys = sys;
    this.#epoll = epoll;
    this.#sources = sources;
  }

  check(target: CheckTarget, timeoutMs: number, done: (result: CheckResult) => void): RunningCheck {
    this.#last = (this.#last + 1) % NUMBERS;
    const number = this.#last;
    const fd = this.#connect(target, number);
    if (fd < 0) return later(() => done(refused(-fd)));
    const startedMs = this.#clock.nowMs();
    const deadline = this.#clock.after(timeoutMs, () => {
      const lateMs = this.#clock.nowMs() - startedMs - timeoutMs;
      this.#look();
      this.#end(number, timedOut(timeoutMs, lateMs));
    });
    this.#pending.set(number, { fd, deadline, done });
    if (!this.#isLookPlanned) {
      this.#isLookPlanned = true;
      setImmediate(() => this.#lookOn());
    }
    return { cancel: () => this.#end(number, null) };
  }

  /** A socket that is connecting, or connected, and watched; or the errno negated. */
  #connect({ host, port }: CheckTarget, number: number): number {
    const ip = parseIp(host) ?? new Uint8Array(4);
    const fitting = this.#sources.filter(({ length }) => length === ip.length);
    if (fitting.length === 0) return this.#connectFrom(null, ip, port, number);
    let result = -EADDRNOTAVAIL;
    for (const source of fitting) {
      result = this.#connectFrom(source, ip, port, number);
      if (result >= 0 || !isOutOfPorts(-result)) return result;
    }
    return result;
  }

  #connectFrom(source: Uint8Array | null, ip: Uint8Array, port: number, number: number): number {
    const sys = this.#sys;
    const fd = sys.socket(ip.length === 4 ? 4 : 6);
    if (fd < 0) return fd;
    sys.setOption(fd, 'quickAck', 0);
    let result = 0;
    if (source !== null) {
      sys.setOption(fd, 'bindAddressNoPort', 1);
      result = sys.bind(fd, source, 0);
    }
    if (result >= 0) result = sys.connect(fd, ip, port);
    if (result >= 0 || result === -EINPROGRESS) {
      result = sys.epollAdd(this.#epoll, fd, EPOLL.out, number, 0);
    }
    if (result >= 0) return fd;
    sys.close(fd);
    return result;
  }

  #lookOn(): void {
    this.#look();
    this.#isLookPlanned = this.#pending.size > 0;
    if (this.#isLookPlanned) this.#clock.after(LOOK_EVERY_MS, () => this.#lookOn());
  }

  /** Ends all that the kernel has come to an end with: those are watched no more, so each wait brings others. */
  #look(): void {
    while (this.#endSome() === MAX_EVENTS);
  }

  /** As many as one wait brings. Returns how many those were. */
  #endSome(): number {
    const count = this.#sys.epollWait(this.#epoll, 0);
    const numbers = Array.from({ length: Math.max(0, count) }, (_, index) => this.#sys.eventLow(index));
    for (const number of numbers) {
      const pending = this.#pending.get(number);
      if (!pending) continue;
      const errno = this.#sys.pendingError(pending.fd);
      this.#end(number, errno === 0 ? { type: 'passed' } : refused(errno));
    }
    return count;
  }

  #end(number: number, result: CheckResult | null): void {
    const pending = this.#pending.get(number);
    if (!pending) return;
    this.#pending.delete(number);
    pending.deadline.cancel();
    this.#sys.reset(pending.fd);
    if (result) pending.done(result);
  }
}
