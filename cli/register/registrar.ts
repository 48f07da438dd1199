/**
 * Keeps a backend registered: at one control plane at a time, at the next one when that fails.
 *
 * Invariants
 *  - it goes on until `leave` is called, or another process has taken the address;
 *  - it changes to another control plane before the lease can end, when one does not answer a renewal;
 *  - once registered it leaves in order: where it can't be drained, the next control plane is asked to;
 *  - nothing here throws: what goes wrong is reported, once for each reason.
 */
import { violationText } from '../../core/model/violation.ts';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { backoff } from '../../core/runtime/backoff.ts';
import { every, sleep, type Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { connectReplica, type ReplicaClient } from '../../core/wire/clients.ts';
import { durationFromWire, durationToWire } from '../../core/wire/duration-codec.ts';
import type { RegisterRequest } from '../../core/wire/generated/lb/v1/RegisterRequest.ts';
import type { RegisterResponse__Output } from '../../core/wire/generated/lb/v1/RegisterResponse.ts';
import { fromGrpcError } from '../../core/wire/status.ts';
import { type Context, tell } from '../context.ts';
import { counted } from '../../core/view/figures.ts';
import { retry } from '../session/retry.ts';
import { Servers } from '../session/servers.ts';

/** How long a control plane has to accept the registration. */
const ANSWER_MS = 2_000;
/** A refusal may be temporary, such as that of a pool that is created later. */
const REFUSED_PAUSE_MS = 3_000;

export interface RegistrationOptions {
  readonly pool: string;
  readonly address: string;
  readonly weight?: number;
  readonly ttlMs: number;
  readonly instanceId: string;
}

type Stream = ClientDuplexStream<RegisterRequest, RegisterResponse__Output>;
type RegistrationOutput = NonNullable<RegisterResponse__Output['registration']>;

export class Registrar {
  readonly #context: Context;
  readonly #options: RegistrationOptions;
  readonly #servers: Servers;
  readonly #leaving = new AbortController();
  /** The time to leave is over. */
  readonly #givenUp = new AbortController();
  readonly #finished: Promise<void>;
  #stream: Stream | null = null;
  #wasRegistered = false;
  #said = '';

  /** Registers from now on. */
  constructor(context: Context, options: RegistrationOptions) {
    this.#context = context;
    this.#options = options;
    this.#servers = new Servers(context.servers, context.lookup, context.clock);
    this.#finished = this.#run();
  }

  /** Leaves the pool in order. Resolves when no proxy has a connection to it, at the latest after `withinMs`. */
  async leave(withinMs: number): Promise<void> {
    this.#leaving.abort();
    this.#stream?.end();
    await Promise.race([this.#finished, sleep(this.#context.clock, withinMs)]);
    this.#givenUp.abort();
    this.#stream?.cancel();
  }

  async #run(): Promise<void> {
    let unanswered = 0;
    let failure: LbError | null = null;
    const delays = backoff(100, 2_000, this.#context.random);
    const nextMs = () => (failure?.code === 'INVALID_ARGUMENT' ? REFUSED_PAUSE_MS : delays.nextMs());
    await retry(this.#context, {
      attempt: async (progress) => {
        if (this.#isOver()) return true;
        const addresses = await this.#servers.inOrder();
        const [server = this.#context.servers.join(', '), next = server] = addresses;
        const onAnswer = () => {
          progress();
          unanswered = 0;
        };
        failure =
          addresses.length === 0
            ? new LbError('UNAVAILABLE', this.#servers.failures.join('; '))
            : await this.#holdAt(server, onAnswer);
        if (failure === null || this.#isOver() || this.#isRefused(failure, server)) return true;
        // The one that failed is the last to be tried again.
        this.#servers.answered(next);
        unanswered += 1;
        if (unanswered < addresses.length) return undefined;
        this.#servers.forget();
        unanswered = 0;
        return undefined;
      },
      delays: { ...delays, nextMs },
      pause: (ms) => this.#rest(ms),
    });
  }

  /** Reports the failure. True: nothing more is tried after it. */
  #isRefused(failure: LbError, server: string): boolean {
    const isTaken = failure.code === 'ALREADY_EXISTS';
    if (isTaken) this.#say(`no longer registered: ${failure.message}`);
    else this.#say(`not registered at ${server}: ${allOf(failure)}`);
    return isTaken || (failure.code === 'INVALID_ARGUMENT' && this.#leaving.signal.aborted);
  }

  /** It has left, or was never registered and so has nothing to leave. */
  #isOver(): boolean {
    return this.#givenUp.signal.aborted || (this.#leaving.signal.aborted && !this.#wasRegistered);
  }

  /** The pause between two streams; `leave` ends it early. */
  #rest(pauseMs: number): Promise<void> {
    const { signal } = this.#leaving.signal.aborted ? this.#givenUp : this.#leaving;
    return sleep(this.#context.clock, pauseMs, signal);
  }

  async #holdAt(server: string, onAnswer: () => void): Promise<LbError | null> {
    const client = connectReplica(server, this.#context.token);
    try {
      return await this.#streamTo(client, onAnswer);
    } finally {
      client.close();
    }
  }

  /** Resolves when the stream ends: with null when it ended in order. */
  #streamTo(client: ReplicaClient, onAnswer: () => void): Promise<LbError | null> {
    const { clock } = this.#context;
    const stream: Stream = client.registrations.register();
    this.#stream = stream;
    let renewals: Timer | null = null;
    let silence: Timer | null = null;
    return new Promise((resolve) => {
      const finish = (failure: LbError | null) => {
        renewals?.cancel();
        silence?.cancel();
        this.#stream = null;
        resolve(failure);
      };
      const expectAnswer = (withinMs: number) => {
        silence ??= clock.after(withinMs, () => {
          stream.cancel();
          finish(new LbError('UNAVAILABLE', 'it does not answer'));
        });
      };
      stream.on('data', (response: RegisterResponse__Output) => {
        silence?.cancel();
        silence = null;
        onAnswer();
        const everyMs = Math.max(durationFromWire(response.renewEvery ?? { seconds: '1', nanos: 0 }), 100);
        renewals ??= every(clock, everyMs, () => {
          if (this.#leaving.signal.aborted) return;
          stream.write({});
          expectAnswer(everyMs);
        });
        if (response.registration === null) return;
        this.#wasRegistered = true;
        this.#report(client.address, response.registration, response.connectionsActive);
      });
      stream.on('end', () => finish(null));
      stream.on('error', (error: ServiceError) => finish(fromGrpcError(error)));
      stream.write({ registration: this.#spec() });
      expectAnswer(ANSWER_MS);
      if (this.#leaving.signal.aborted) stream.end();
    });
  }

  #spec() {
    const { ttlMs, ...fields } = this.#options;
    return { ...fields, ttl: durationToWire(ttlMs) };
  }

  #report(server: string, { pool, address, source, state, reason }: RegistrationOutput, open: number): void {
    if (state === 'REGISTRATION_STATE_DRAINING') {
      this.#say(`${address} leaves ${pool}: proxies have ${counted(open, 'connection')} to it`);
    } else if (source === 'REGISTRATION_SOURCE_REGISTERED') {
      this.#say(`registered ${address} in ${pool} at ${server}`);
    } else this.#say(`registered ${address} at ${server}, but it is not in ${pool}: ${reason}`);
  }

  #say(line: string): void {
    if (line === this.#said) return;
    this.#said = line;
    tell(this.#context, `lbctl: ${line}`);
  }
}

/** The message on one line, with all violations if there are several. */
function allOf({ message, violations }: LbError): string {
  if (violations.length < 2) return message;
  return `${message} ${violations.map(violationText).join('; ')}`;
}
