/**
 * How much a configuration can hold, and how long the texts of a request may be. docs/configuration.md lists the numbers.
 *
 * A proxy has twice as many rows as there can be backends, pools and listeners (data-plane/memory/shared-memory.ts), so
 * that one change can replace all of them. Registrations and the addresses of names have numbers of their own, so that
 * neither they nor the configuration can push the others out.
 */
import { parseAddress } from './address.ts';
import type { Listener } from './resources.ts';
import type { State } from './state.ts';
import type { Violation } from './violation.ts';

export const LIMITS = {
  policies: 2_000,
  pools: 2_000,
  listeners: 500,
  /** Of all listeners together. A range has as many as it is long. */
  ports: 2_048,
  /** In the `dns` of all pools together. */
  names: 2_000,
  /** In all pools together; one pool may have all of them. */
  backends: 16_000,
  /** Backends that registered themselves, in all pools together. */
  registrations: 4_000,
  /** Addresses that names lead to, in all pools together. */
  addresses: 4_000,
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
  const known = new Set<string>(ofKinds.map(({ field }) => field));
  return [...ofKinds, ...validateSums(before, after).filter(({ field }) => !known.has(field))];
}

/** What all resources of a configuration may have together: with it, a whole one still fits into one commit and one answer. */
const SUMS: readonly {
  readonly kind: 'policies' | 'pools' | 'listeners';
  readonly what: string;
  readonly unit: string;
  readonly most: number;
  readonly of: (state: State) => number;
  readonly advice: string;
}[] = [
  {
    kind: 'policies',
    what: 'requests, scripts and certificates of health checks',
    unit: 'bytes',
    most: 1_048_576,
    of: ({ policies }) => {
      return sumOf(policies, ({ healthCheck: { http, tls, script } }) => bytesOf(http, tls, script));
    },
    advice: 'shorten them, or let more pools share a policy',
  },
  {
    kind: 'pools',
    what: 'names and certificates of pools',
    unit: 'bytes',
    most: 1_048_576,
    of: ({ pools }) => sumOf(pools, ({ tls, dns }) => bytesOf(tls, dns)),
    advice: 'shorten them',
  },
  {
    kind: 'pools',
    what: 'dns of pools',
    unit: 'names',
    most: LIMITS.names,
    of: ({ pools }) => sumOf(pools, ({ dns = [] }) => dns.length),
    advice: 'remove some, or give some to another fleet',
  },
  {
    kind: 'listeners',
    what: 'routes, networks and certificates of listeners',
    unit: 'bytes',
    most: 2_097_152,
    of: ({ listeners }) => {
      return sumOf(listeners, ({ routes, tls, allow, deny, acceptProxyProtocol }) =>
        bytesOf(routes, tls, allow, deny, acceptProxyProtocol),
      );
    },
    advice: 'shorten the lists, or let one listener serve more clients',
  },
  {
    kind: 'listeners',
    what: 'listeners',
    unit: 'ports',
    most: LIMITS.ports,
    of: ({ listeners }) => sumOf(listeners, portsOf),
    advice: 'make the ranges smaller',
  },
];

function validateSums(before: State, after: State): Violation[] {
  return SUMS.flatMap(({ kind, what, unit, most, of, advice }) => {
    if (before[kind] === after[kind]) return [];
    const has = of(after);
    if (has <= most || has <= of(before)) return [];
    const description = `all ${what} would have ${has} ${unit} together, and a configuration can have ${most}; ${advice}`;
    return [{ field: kind, description }];
  });
}

function sumOf<T>(stored: ReadonlyMap<string, { readonly value: T }>, of: (value: T) => number): number {
  let sum = 0;
  for (const { value } of stored.values()) sum += of(value);
  return sum;
}

function bytesOf(...parts: readonly unknown[]): number {
  return parts.every((part) => part === undefined) ? 0 : Buffer.byteLength(JSON.stringify(parts));
}

function portsOf({ address }: Listener): number {
  const parsed = parseAddress(address, 'listener');
  return parsed.ok ? parsed.value.lastPort - parsed.value.port + 1 : 0;
}

export function isFarTooLarge(state: State): boolean {
  const hasTooMany = KINDS.some((kind) => countOf(state, kind) > 2 * LIMITS[kind]);
  return hasTooMany || SUMS.some(({ most, of }) => of(state) > 2 * most);
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
