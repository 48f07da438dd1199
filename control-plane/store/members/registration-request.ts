/** What a caller of Register asks for, checked against the current state: every violation at once. Pure. */
import { canonicalAddress, parseAddress } from '../../../core/model/address.ts';
import { BACKEND_DEFAULTS } from '../../../core/model/defaults.ts';
import { formatDuration } from '../../../core/model/duration.ts';
import { applyChanges } from '../../../core/model/fold.ts';
import { embeddedIpv4, isLinkLocal, isLoopback, isMetadataService } from '../../../core/model/ip.ts';
import { didYouMean } from '../../../core/model/did-you-mean.ts';
import { LIMITS, MAX_LENGTH, REGISTRATION_TTL_MS, validateLength } from '../../../core/model/limits.ts';
import type { State } from '../../../core/model/state.ts';
import { pathOf, validateChanges } from '../../../core/model/validate.ts';
import type { Violation } from '../../../core/model/violation.ts';
import { durationFromWire } from '../../../core/wire/duration-codec.ts';
import type { RegistrationSpec__Output } from '../../../core/wire/generated/lb/v1/RegistrationSpec.ts';
import type { Registration } from '../member-store.ts';
import { LOCAL_CALLER } from './caller.ts';
import { backendOf } from './merge-members.ts';

/** The requested registration with its defaults filled in. `newInstanceId` is for a caller that gives no id. */
export function readRegistration(
  spec: RegistrationSpec__Output,
  nowMs: number,
  newInstanceId: string,
  caller: string,
): Registration {
  return {
    kind: 'backend',
    pool: spec.pool,
    address: canonicalAddress(spec.address),
    weight: spec.weight ?? BACKEND_DEFAULTS.weight,
    state: 'active',
    instanceId: spec.instanceId || newInstanceId,
    ttlMs: spec.ttl === null ? REGISTRATION_TTL_MS.default : durationFromWire(spec.ttl),
    sinceMs: nowMs,
    caller,
  };
}

/** `others`: all other registrations, those that are being written included. */
export function registrationViolations(
  value: Registration,
  state: State,
  others: readonly Registration[],
): Violation[] {
  const violations: Violation[] = [];
  const add = (field: string, description: string) => violations.push({ field, description });
  const { min, max } = REGISTRATION_TTL_MS;
  if (!(value.ttlMs >= min && value.ttlMs <= max)) {
    add('ttl', `is ${value.ttlMs / 1_000}s; it must be ${formatDuration(min)} to ${formatDuration(max)}`);
  }
  violations.push(...validateLength('instance_id', value.instanceId, MAX_LENGTH.instanceId));
  if (!state.pools.has(value.pool)) {
    const what = value.pool === '' ? 'is missing' : `"${value.pool}" does not exist`;
    add('pool', `${what}${didYouMean(value.pool, state.pools.keys())}; create it first`);
  }
  const target = refusedTarget(value);
  if (target === undefined) violations.push(...backendViolations(value, state));
  else {
    add('address', target);
    violations.push(...backendViolations(value, state).filter(({ field }) => field !== 'address'));
  }
  if (others.length >= LIMITS.registrations) {
    add('', `all pools together have ${others.length} registrations, the most that there can be`);
  }
  const ofPool = others.filter(({ pool }) => pool === value.pool);
  if (ofPool.length >= LIMITS.registrationsOfPool) {
    add('pool', `"${value.pool}" has ${ofPool.length} registrations, the most that one pool can have`);
  }
  const ofCaller = others.filter(({ caller }) => caller !== undefined && caller === value.caller);
  if (ofCaller.length >= LIMITS.registrationsOfCaller) {
    const words = `${value.caller} has ${ofCaller.length} registrations, the most that one caller can have; those that nobody holds any more leave after their ttl`;
    add('', words);
  }
  return violations;
}

/** Why a backend can't put itself there: an operator may mean it, but a program that registers must not reach these. */
function refusedTarget({ address, caller }: Registration): string | undefined {
  const parsed = parseAddress(address);
  if (!parsed.ok) return undefined;
  const bytes = embeddedIpv4(parsed.value.bytes);
  if (isLinkLocal(bytes) || isMetadataService(bytes)) {
    return `"${address}" is a link-local address or a metadata service of a cloud, which can't be registered`;
  }
  if (isLoopback(bytes) && caller !== LOCAL_CALLER) {
    return `"${address}" is a loopback address, which only a caller on the same host as the control plane can register; register an address that the proxies reach`;
  }
  return undefined;
}

/** Address and weight are checked as for every backend, and named as the request names them. */
function backendViolations(value: Registration, state: State): Violation[] {
  const resource = { kind: 'backend', value: backendOf(value) } as const;
  const changes = [{ op: 'put', resource }] as const;
  const path = `${pathOf(resource)}.`;
  return validateChanges(applyChanges(state, changes, state.head.revision), changes)
    .filter(({ field }) => field.startsWith(path))
    .map(({ field, description }) => ({ field: field.slice(path.length), description }));
}
