/**
 * Keeps a backend registered: at one control plane at a time, at the next one when that fails.
 *
 * Invariants
 *  - it goes on until it is told to leave, or another process has taken the address;
 *  - a control plane that does not answer a sign of life is left before the lease can end;
 *  - nothing here throws: what goes wrong is said, once for each reason.
 */
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
import { counted } from '../output/human.ts';

/** For a control plane to take the registration. */
const ANSWER_MS = 2_000;
/** A refusal may pass, such as a pool that is created later. */
const REFUSED_PAUSE_MS = 3_000;

export interface Wanted {
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
  readonly #wanted: Wanted;
  readonly #leaving = new AbortController();
  readonly #finished: Promise<void>;
  #stream: Stream | null = null;
  #said = '';

  /** Registers from now on. */
  constructor(context: Context, wanted: Wanted) {
    this.#context = context;
    this.#wanted = wanted;
    this.#finished = this.#run();
  }

  /** Leaves the pool in order. Resolves when no proxy has a connection to it, at the latest after `withinMs`. */
  async leave(withinMs: number): Promise<void> {
    this.#leaving.abort();
    this.#stream?.end();
    await Promise.race([this.#finished, sleep(this.#context.clock, withinMs)]);
    this.#stream?.cancel();
  }

  async #run(): Promise<void> {
    const { servers, random, clock } = this.#context;
    const signal = this.#leaving.signal;
    const pause = backoff(100, 2_000, random);
    for (let turn = 0; !signal.aborted; turn++) {
      const server = servers[turn % servers.length] ?? '';
      const client = connectReplica(server);
      const failure = await this.#holdAt(client, () => pause.reset());
      client.close();
      if (failure === null || signal.aborted) return;
      if (failure.code === 'ALREADY_EXISTS') return this.#say(`no longer registered: ${failure.message}`);
      this.#say(`not registered at ${server}: ${failure.message}`);
      if (failure.code === 'INVALID_ARGUMENT') await sleep(clock, REFUSED_PAUSE_MS, signal);
      else await sleep(clock, pause.nextMs(), signal);
    }
  }

  /** Until the stream ends: null when it ended in order. */
  #holdAt(client: ReplicaClient, onAnswer: () => void): Promise<LbError | null> {
    const { clock } = this.#context;
    const stream: Stream = client.registrations.register();
    this.#stream = stream;
    let signs: Timer | null = null;
    let silence: Timer | null = null;
    return new Promise((resolve) => {
      const finish = (failure: LbError | null) => {
        signs?.cancel();
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
        signs ??= every(clock, everyMs, () => {
          if (this.#leaving.signal.aborted) return;
          stream.write({});
          expectAnswer(everyMs);
        });
        if (response.registration)
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
    const { ttlMs, ...fields } = this.#wanted;
    return { ...fields, ttl: durationToWire(ttlMs) };
  }

  #report(server: string, { pool, address, source, state, reason }: RegistrationOutput, open: number): void {
    if (state === 'REGISTRATION_STATE_DRAINING') {
      this.#say(`${address} leaves ${pool}: proxies have ${counted(open, 'connection')} to it`);
    } else if (source === 'REGISTRATION_SOURCE_REGISTERED') {
      this.#say(`registered ${address} in ${pool} at ${server}`);
    } else this.#say(`registered ${address} at ${server}, and it is not in ${pool}: ${reason}`);
  }

  #say(line: string): void {
    if (line === this.#said) return;
    this.#said = line;
    tell(this.#context, `lbctl: ${line}`);
  }
}
