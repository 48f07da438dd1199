/**
 * One check that talks with a server, over TCP or over TLS. The conversation itself is an argument.
 *
 * Invariants
 *  - one deadline covers all of it: what is prepared, the connect, the handshake and the conversation;
 *  - whatever the server sends, the check ends once, and the reason has none of what was received in it;
 *  - after its end there is no socket and no timer. After a conversation that was complete the server sees an orderly
 *    end;
 *  - it is bound to the first source address of the backend's family, if any is set, or to the next one when the first
 *    is out of ports.
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Read } from '../../core/model/fields/field.ts';
import type { HealthCheck } from '../../core/model/resources.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { checkHeader } from '../first-bytes/write-proxy-header.ts';
import { ERRNO, errnoOf, isOutOfPorts, isOwnFailure } from '../kernel/errno.ts';
import { isItsOwnPeer } from '../kernel/own-peer.ts';
import {
  type CheckResult,
  type CheckTarget,
  failedBy,
  refused,
  type RunningCheck,
  timedOut,
  wordsOf,
} from './checker.ts';
import { tlsOptions, tlsWords } from './tls-client.ts';

/** What is judged of an answer. The rest is not read. */
export const MAX_JUDGED = 16 * 1024;
const MAX_REASON = 200;
const MAX_SHOWN = 60;
/** A block of a quarter of the timeout and one part is always noticed: a conversation needs many turns of the loop. */
const DEADLINE_PARTS = 8;

export interface ConnectionInputs {
  readonly clock: Clock;
  readonly sourceAddresses: readonly string[];
}

/** It says what it waits for, and calls `finish`, `fail` or `broke` of the check. */
type Conversation = (socket: Socket) => void;

export class ConnectionCheck implements RunningCheck {
  /** What has not come yet, and how many bytes have come instead: for the reason. */
  awaited = '';
  received = 0;
  /** Called at the deadline, in case what has come is enough. */
  lastLook: () => void = () => undefined;
  readonly #inputs: ConnectionInputs;
  readonly #target: CheckTarget;
  readonly #check: HealthCheck;
  readonly #done: (result: CheckResult) => void;
  #deadline: Timer;
  #stage: 'connect' | 'handshake' | 'conversation' | 'over' = 'connect';
  #socket: Socket | null = null;
  /** What was found, while the connection is being ended in order. */
  #found: CheckResult | null = null;

  constructor(
    inputs: ConnectionInputs,
    target: CheckTarget,
    check: HealthCheck,
    done: (result: CheckResult) => void,
  ) {
    this.#inputs = inputs;
    this.#target = target;
    this.#check = check;
    this.#done = done;
    this.#deadline = this.#wait(inputs.clock.nowMs() + check.timeoutMs, 0);
  }

  /** Waits for the deadline in parts, so that it is known how long this process was blocked on the way. */
  #wait(endMs: number, blockedMs: number): Timer {
    const { clock } = this.#inputs;
    const { timeoutMs } = this.#check;
    const dueMs = Math.min(endMs, clock.nowMs() + timeoutMs / DEADLINE_PARTS);
    return clock.after(dueMs - clock.nowMs(), () => {
      const blockedNowMs = blockedMs + clock.nowMs() - dueMs;
      if (clock.nowMs() < endMs) {
        this.#deadline = this.#wait(endMs, blockedNowMs);
        return;
      }
      // setImmediate runs after the next poll of the sockets, which may still end this check.
      setImmediate(() => {
        this.lastLook();
        this.#end(timedOut(timeoutMs, blockedNowMs, (duration) => this.#whyLate(duration)));
      });
    });
  }

  cancel(): void {
    this.#end(null);
  }

  /** Ends the check without another word to the server. What was found before stays. */
  fail(reason: string): void {
    this.#end({ type: 'failed', reason });
  }

  /** The conversation is complete: the connection is ended in order, and then the check. */
  finish(result: CheckResult): void {
    if (this.#found) return;
    this.#found = result;
    this.#socket?.end(() => this.#end(result));
  }

  /** It can't go on: because of an error, or because nothing more will come. */
  broke(error: (Error & { code?: string }) | null): void {
    const errno = errnoOf(error);
    if (error && (this.#stage === 'connect' || isOwnFailure(errno))) return this.#end(failedBy(error));
    let words = 'the server closed the connection';
    if (errno !== 0) words = wordsOf(errno);
    else if (error && error.code !== 'ECONNRESET') words = tlsWords(error, this.#peerName);
    const isTls = error && 'library' in error;
    if (this.#stage === 'handshake') this.fail(`the TLS handshake failed: ${words}`);
    else if (isTls) this.fail(`the TLS connection failed: ${words}`);
    else this.fail(this.#missing(`, then ${words}`) ?? `${words} before ${this.awaited}`);
  }

  /** Connects, and begins the conversation on the connection that stands. */
  start(converse: Conversation): void {
    const { sourceAddresses } = this.#inputs;
    this.awaited = '';
    const fitting = sourceAddresses.filter((ip) => isIP(ip) === isIP(this.#target.host));
    this.guard(() => this.#connect(fitting, converse));
  }

  #connect([localAddress, ...others]: readonly string[], converse: Conversation): void {
    if (this.#stage === 'over') return;
    const { announcedBy, host, port } = this.#target;
    const { tls } = this.#check;
    const source = localAddress === undefined ? {} : { localAddress };
    const socket = this.#use(connect({ host, port, allowHalfOpen: true, ...source }));
    socket.once('connect', () => {
      if (isItsOwnPeer(socket)) {
        // An orderly end would keep the port for a minute from the server that belongs there.
        socket.resetAndDestroy();
        return this.#end(refused(ERRNO.refused));
      }
      if (announcedBy) socket.write(checkHeader(announcedBy, socket));
      this.#stage = 'handshake';
      this.awaited = 'the TLS handshake';
      if (!tls) return this.#converse(converse, socket);
      this.guard(() => {
        const secured = this.#use(connectTls({ socket, host, ...tlsOptions(tls) }));
        secured.once('secureConnect', () => this.#converse(converse, secured));
        secured.on('error', (error) => this.broke(error));
      });
    });
    socket.on('error', (error) => {
      const isRetried = this.#stage === 'connect' && isOutOfPorts(errnoOf(error)) && others.length > 0;
      if (isRetried) this.guard(() => this.#connect(others, converse));
      else this.broke(error);
    });
  }

  /** The check talks on this socket from now on. */
  #use<Used extends Socket>(socket: Used): Used {
    this.#socket = socket;
    socket.once('close', () => {
      if (socket === this.#socket) this.broke(null);
    });
    return socket;
  }

  #converse(converse: Conversation, socket: Socket): void {
    this.#stage = 'conversation';
    this.guard(() => converse(socket));
  }

  /** What can't be checked fails in words. */
  guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      setImmediate(() => this.fail(messageOf(error)));
    }
  }

  #whyLate(duration: string): string {
    const waiting = this.awaited === '' ? '' : ` waiting for ${this.awaited}`;
    return this.#missing(` within ${duration}`) ?? `timed out after ${duration}${waiting}`;
  }

  /** Where something came, it matters more what it was than how it ended. */
  #missing(end: string): string | null {
    return this.received === 0 ? null : `no ${this.awaited} in the first ${this.received} bytes${end}`;
  }

  get #peerName(): string {
    return this.#check.tls?.serverName || this.#target.host;
  }

  #end(result: CheckResult | null): void {
    if (this.#stage === 'over') return;
    this.#stage = 'over';
    this.#deadline.cancel();
    this.#socket?.destroy();
    if (!result) return;
    const found = this.#found ?? result;
    this.#done(found.type === 'passed' ? found : { ...found, reason: shown(found.reason) });
  }
}

/** What an operator wrote, as a reason shows it. */
export function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

/** Throws in words when the text of a check can't be read. */
export function readable<T>(read: Read<T>): T {
  if (!read.ok) throw new Error(`a text of this check ${read.description}`);
  return read.value;
}

/** One line of bounded length. */
function shown(reason: string): string {
  return reason.replace(/\p{Cc}+/gu, ' ').slice(0, MAX_REASON);
}
