/**
 * How much a configuration can hold, and how long the texts of a request may be. docs/configuration.md lists the numbers.
 *
 * A proxy has twice as many rows as there can be backends, pools and listeners (data-plane/memory/shared-memory.ts), so
 * that one change can replace all of them. Registrations have a number of their own, so that neither they nor the
 * configuration can push the other out.
 */
import type { State } from './state.ts';
import type { Violation } from './violation.ts';

export const LIMITS = {
  policies: 2_000,
  pools: 2_000,
  listeners: 500,
  /** In all pools together; one pool may have all of them. */
  backends: 16_000,
  /** Backends that registered themselves, in all pools together. */
  registrations: 4_000,
  registrationsOfPool: 1_000,
  /** From one address that calls control planes. */
  registrationsOfCaller: 200,
} as const;

/** How long a registration may last without its caller. */
export const REGISTRATION_TTL_MS = { min: 2_000, max: 5 * 60_000, default: 10_000 } as const;

/** Characters in the texts of a request. */
export const MAX_LENGTH = {
  requestId: 64,
  author: 200,
  message: 1_000,
  instanceId: 64,
  storeId: 64,
  /** As long as a host name, the default, can be. */
  proxyId: 253,
  zone: 100,
} as const;

/**
 * Bytes that the requests, scripts and certificates of all health checks may have: with them, a whole configuration still
 * fits into one commit and into one answer.
 */
const MAX_CHECK_BYTES = 1_048_576;

const KINDS = ['policies', 'pools', 'backends', 'listeners'] as const;
type SizedKind = (typeof KINDS)[number];

/** A text that is longer than it may be. */
export function validateLength(field: string, text: string, max: number): Violation[] {
  if (text.length <= max) return [];
  return [{ field, description: `has ${text.length} characters; at most ${max} are allowed` }];
}

/**
 * A configuration from an earlier version that has more may be changed and become smaller, but not larger, and no more of
 * it may be replaced at once than a proxy has rows for.
 */
export function validateSize(before: State, after: State): Violation[] {
  const ofKinds = KINDS.flatMap((kind) => {
    const [had, has, limit] = [countOf(before, kind), countOf(after, kind), LIMITS[kind]];
    const tooMany = has - Math.max(limit, had);
    if (tooMany > 0) {
      const description = `there would be ${has}, and a configuration can have ${limit}; remove ${tooMany} in the same request, or give some to another fleet`;
      return [{ field: kind, description }];
    }
    const added = had > limit ? addedTo(before, after, kind) : 0;
    if (added === 0 || had + added <= 2 * limit) return [];
    const description = `there are ${had}, and a proxy cannot replace ${added} of them at once; remove some first, or replace fewer at a time`;
    return [{ field: kind, description }];
  });
  return [...ofKinds, ...validateCheckBytes(before, after)];
}

function validateCheckBytes(before: State, after: State): Violation[] {
  if (before.policies === after.policies) return [];
  const has = checkBytes(after);
  if (has <= MAX_CHECK_BYTES || has <= checkBytes(before)) return [];
  const description = `all requests, scripts and certificates of health checks would have ${has} bytes together, and a configuration can have ${MAX_CHECK_BYTES}; shorten them, or let more pools share a policy`;
  return [{ field: 'policies', description }];
}

function checkBytes({ policies }: State): number {
  const parts = Array.from(policies.values(), ({ value: { healthCheck } }) => {
    const { http, tls, script } = healthCheck;
    return http || tls || script ? Buffer.byteLength(JSON.stringify([http, tls, script])) : 0;
  });
  return parts.reduce((sum, bytes) => sum + bytes, 0);
}

export function isFarTooLarge(state: State): boolean {
  const hasTooMany = KINDS.some((kind) => countOf(state, kind) > 2 * LIMITS[kind]);
  return hasTooMany || checkBytes(state) > 2 * MAX_CHECK_BYTES;
}

function countOf(state: State, kind: SizedKind): number {
  if (kind !== 'backends') return state[kind].size;
  return [...state.pools.values()].reduce((sum, { backends }) => sum + backends.size, 0);
}

function addedTo(before: State, after: State, kind: SizedKind): number {
  const known = new Set(namesOf(before, kind));
  return namesOf(after, kind).filter((name) => !known.has(name)).length;
}

function namesOf(state: State, kind: SizedKind): string[] {
  if (kind !== 'backends') return [...state[kind].keys()];
  return [...state.pools].flatMap(([pool, { backends }]) =>
    Array.from(backends.keys(), (address) => `${pool}/${address}`),
  );
}
