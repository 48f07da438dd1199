/**
 * RegistrationService: a backend stays in a pool as long as it keeps its stream open.
 *
 * Invariants
 *  - the first message of a stream, and no other, names the registration;
 *  - a caller that ends its side in order is drained before its stream ends; when a stream is lost or cancelled, the
 *    registration is only no longer renewed;
 *  - nothing is queued for a caller that does not read.
 */
import { randomUUID } from 'node:crypto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { durationToWire } from '../../core/wire/duration-codec.ts';
import { wordToWire } from '../../core/wire/enum-codec.ts';
import type { RegisterRequest__Output } from '../../core/wire/generated/lb/v1/RegisterRequest.ts';
import type { RegisterResponse } from '../../core/wire/generated/lb/v1/RegisterResponse.ts';
import type { Registration as WireRegistration } from '../../core/wire/generated/lb/v1/Registration.ts';
import type { RegistrationServiceHandlers } from '../../core/wire/generated/lb/v1/RegistrationService.ts';
import type { RegistrationSpec__Output } from '../../core/wire/generated/lb/v1/RegistrationSpec.ts';
import type { ResolvedName as WireResolvedName } from '../../core/wire/generated/lb/v1/ResolvedName.ts';
import { backendDraftToWire } from '../../core/wire/resource-codec.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import { callerOf } from '../store/members/caller.ts';
import { type RegistrationHold, renewEveryMs } from '../store/members/registration-hold.ts';
import { readRegistration } from '../store/members/registration-request.ts';
import type { Registrations } from '../store/members/registrations.ts';
import { knownError } from '../rpc/unary.ts';
import { OpenStream } from '../rpc/open-streams.ts';
import type { RegistrationStatus, ResolvedName } from '../store/members/merge-members.ts';
import type { ApiDeps } from './api-deps.ts';

type Call = ServerDuplexStream<RegisterRequest__Output, RegisterResponse>;

/**
 * To cancel a stream, some clients end their side and reset the stream right after that. If no reset follows within this
 * time, the end was meant as an end.
 */
const RESET_MS = 100;

export function registrationHandlers(deps: ApiDeps): RegistrationServiceHandlers {
  const { registrations } = deps.members;
  return {
    Register: (call) => void new RegisterStream(deps, call),
    ListRegistrations: deps.unary(async () => {
      const merged = await registrations.read();
      return {
        registrations: merged.registrations.map(registrationToWire),
        names: merged.names.map(nameToWire),
      };
    }),
  };
}

class RegisterStream {
  readonly #deps: ApiDeps;
  readonly #registrations: Registrations;
  readonly #call: Call;
  #hold: Promise<RegistrationHold> | null = null;
  #held: RegistrationHold | null = null;
  readonly #stream: OpenStream;
  readonly #firstMessageTimer: Timer;

  constructor(deps: ApiDeps, call: Call) {
    this.#deps = deps;
    this.#registrations = deps.members.registrations;
    this.#call = call;
    this.#stream = new OpenStream(call, deps.streams);
    this.#firstMessageTimer = this.#stream.awaitFirstMessage(deps.clock, 'registration');
    this.#stream.onClose(() => {
      if (this.#held !== null) this.#registrations.drop(this.#held);
    });
    call.on('data', (request: RegisterRequest__Output) => this.#receive(request));
    call.on('end', () => {
      const drainTimer = deps.clock.after(RESET_MS, () => void this.#drain());
      this.#stream.onClose(() => drainTimer.cancel());
    });
  }

  #receive({ registration }: RegisterRequest__Output): void {
    if (this.#stream.closed) return;
    this.#firstMessageTimer.cancel();
    if (registration === null) {
      if (this.#hold === null)
        this.#refuse('registration is missing: the first message must name what to register');
      if (this.#held !== null) this.#registrations.heard(this.#held);
    } else if (this.#hold !== null) this.#refuse('registration is allowed in the first message only');
    else this.#take(registration);
  }

  #take(spec: RegistrationSpec__Output): void {
    const caller = callerOf(this.#call.getPeer());
    const value = readRegistration(spec, this.#deps.clock.wallMs(), randomUUID(), caller);
    const taking = this.#registrations.take(value, {
      changed: (status, connections) => this.#send(status, connections),
      ended: (reason) => this.#stream.end(reason),
    });
    this.#hold = taking;
    taking.then(
      (hold) => {
        this.#held = hold;
        if (this.#stream.closed) this.#registrations.drop(hold);
      },
      (error: unknown) => this.#stream.end(knownError(error, 'Register', this.#deps.logger)),
    );
  }

  async #drain(): Promise<void> {
    if (this.#stream.closed) return;
    if (this.#hold === null) return this.#stream.end();
    // If registering failed, the stream has ended already.
    const hold = await this.#hold.catch(() => null);
    if (hold !== null && !this.#stream.closed) await this.#registrations.drain(hold);
  }

  #send(status: RegistrationStatus, connections: number): void {
    if (this.#stream.closed || this.#call.writableNeedDrain) return;
    this.#call.write({
      registration: registrationToWire(status),
      renewEvery: durationToWire(renewEveryMs(status.member.value)),
      connectionsActive: connections,
    });
  }

  #refuse(message: string): void {
    this.#stream.end(new LbError('INVALID_ARGUMENT', message));
  }
}

function registrationToWire({ member, source, reason }: RegistrationStatus): WireRegistration {
  const { pool, address, weight, state, instanceId, ttlMs, sinceMs, heldUntilMs } = member.value;
  return {
    pool,
    address,
    weight,
    state: wordToWire('REGISTRATION_STATE', state),
    source: wordToWire('REGISTRATION_SOURCE', source),
    reason,
    instanceId,
    ttl: durationToWire(ttlMs),
    since: timestampToWire(sinceMs),
    ...(heldUntilMs !== undefined && { heldUntil: timestampToWire(heldUntilMs) }),
  };
}

function nameToWire({ answer, backends, problem }: ResolvedName): WireResolvedName {
  const { pool, name, sinceMs, heldUntilMs } = answer;
  return {
    pool,
    name,
    backends: backends.map((backend) => backendDraftToWire(backend)),
    problem,
    since: timestampToWire(sinceMs),
    ...(heldUntilMs !== undefined && { heldUntil: timestampToWire(heldUntilMs) }),
  };
}
