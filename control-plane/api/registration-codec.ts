/** Registrations on the wire. */
import type { Registration as WireRegistration } from '../../core/wire/generated/lb/v1/Registration.ts';
import { durationToWire } from '../../core/wire/duration-codec.ts';
import { wordToWire } from '../../core/wire/enum-codec.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import type { RegistrationStatus } from '../store/members/merge-members.ts';

export function registrationToWire({ member, source, reason }: RegistrationStatus): WireRegistration {
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
