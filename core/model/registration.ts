/** Backends that registered themselves: their states, their place in the pool, and for how long a request may ask. */

/** `expiring`: its lease ended together with most of the pool's leases, so it is kept for a while. */
export const REGISTRATION_STATES = ['active', 'draining', 'expiring'] as const;
export type RegistrationState = (typeof REGISTRATION_STATES)[number];

/** `shadowed`: the pool has a configured backend with that address. `ignored`: it cannot be in the pool. */
export type RegistrationSource = 'registered' | 'shadowed' | 'ignored';

export const REGISTRATION_TTL_MS = { min: 2_000, max: 5 * 60_000, default: 10_000 } as const;
