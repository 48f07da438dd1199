/**
 * Checks that a TCP connection can be established, with the system calls of the epoll engine: a check through Node's
 * sockets takes several times the CPU, and a proxy with many backends makes hundreds per second.
 *
 * Node's loop can't wait for an epoll instance of ours, so it is polled: once in the next turn, which is enough for a
 * nearby backend, and then every few milliseconds while any check is under way.
 *
 * Invariants
 *  - ends within the timeout and one turn of the event loop;
 *  - an established connection is ended with a reset, which leaves no TIME_WAIT on either side. Unless this process is
 *    blocked for 200 ms the reset is sent before the handshake's last acknowledgement, so the server's kernel drops the
 *    half-open connection: its program does not accept it, starts no process for it and logs nothing;
 *  - it is bound to the first source address of the backend's family, if any is set, or to the next one when the first
 *    is out of ports;
 *  - at the deadline it polls once more: after a pause of this process the timer fires before a success is noticed that
 *    arrived long ago;
 *  - a connect that met itself counts as refused: nobody listens there;
 *  - an event that was fetched for a check that is over is ignored: checks are known by a number, not by descriptor.
 */
import { parseIp } from '../../core/model/ip.ts';
import type { HealthCheck } from '../../core/model/resources.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { EADDRNOTAVAIL, EINPROGRESS, EPOLL } from '../kernel/linux.ts';
import { LoopCalls } from '../kernel/loop-calls.ts';
import { errnoName, ERRNO, isOutOfPorts } from '../kernel/errno.ts';
import { loadFfi } from '../kernel/ffi.ts';
import {
  type Checker,
  type CheckResult,
  type CheckTarget,
  later,
  refused,
  type RunningCheck,
  timedOut,
} from './checker.ts';

const POLL_EVERY_MS = 5;
const MAX_EVENTS = 64;
const NUMBERS = 2 ** 31;

interface Pending {
  readonly fd: number;
  readonly port: number;
  readonly deadline: Timer;
  readonly done: (result: CheckResult) => void;
}

/** Throws where the epoll engine can't run. */
export function epollChecker(clock: Clock, sourceAddresses: readonly string[]): Checker {
  const { ffi, reason } = loadFfi();
  if (!ffi) throw new Error(reason);
  const sys = new LoopCalls(ffi, MAX_EVENTS);
  const epoll = sys.epollCreate();
  if (epoll < 0) throw new Error(`cannot create an epoll instance for health checks: ${errnoName(-epoll)}`);
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
  #isPollPlanned = false;

  constructor(clock: Clock, sys: LoopCalls, epoll: number, sources: readonly Uint8Array[]) {
    this.#clock = clock;
    this.#sys = sys;
    this.#epoll = epoll;
    this.#sources = sources;
  }

  check(target: CheckTarget, { timeoutMs }: HealthCheck, done: (result: CheckResult) => void): RunningCheck {
    this.#last = (this.#last + 1) % NUMBERS;
    const number = this.#last;
    const fd = this.#connect(target, number);
    if (fd < 0) return later(() => done(refused(-fd)));
    const startedMs = this.#clock.nowMs();
    const deadline = this.#clock.after(timeoutMs, () => {
      const lateMs = this.#clock.nowMs() - startedMs - timeoutMs;
      this.#poll();
      this.#end(number, timedOut(timeoutMs, lateMs));
    });
    this.#pending.set(number, { fd, port: target.port, deadline, done });
    if (!this.#isPollPlanned) {
      this.#isPollPlanned = true;
      setImmediate(() => this.#pollAgain());
    }
    return { cancel: () => this.#end(number, null) };
  }

  /** A watched socket that is connecting or connected; or the errno negated. */
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

  #pollAgain(): void {
    this.#poll();
    this.#isPollPlanned = this.#pending.size > 0;
    if (this.#isPollPlanned) this.#clock.after(POLL_EVERY_MS, () => this.#pollAgain());
  }

  /** Ends all checks that the kernel is done with. Those are no longer watched, so each wait returns others. */
  #poll(): void {
    while (this.#endSome() === MAX_EVENTS);
  }

  /** Ends the checks that one wait returns. Returns how many those were. */
  #endSome(): number {
    const count = this.#sys.epollWait(this.#epoll, 0);
    const numbers = Array.from({ length: Math.max(0, count) }, (_, index) => this.#sys.eventLow(index));
    for (const number of numbers) {
      const pending = this.#pending.get(number);
      if (!pending) continue;
      const errno = this.#sys.isItsOwnPeer(pending.fd, pending.port)
        ? ERRNO.refused
        : this.#sys.pendingError(pending.fd);
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
