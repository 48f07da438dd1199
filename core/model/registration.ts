/** Backends that registered themselves: their states, their places, and the bounds of what they may ask for. */

/** `expiring`: its lease has ended along with most of its pool's, so it is kept for a while. */
export const REGISTRATION_STATES = ['active', 'draining', 'expiring'] as const;
export type RegistrationState = (typeof REGISTRATION_STATES)[number];

/** `shadowed`: the pool has a configured backend of that address. `ignored`: it can't be in the pool. */
export const REGISTRATION_SOURCES = ['registered', 'shadowed', 'ignored'] as const;
export type RegistrationSource = (typeof REGISTRATION_SOURCES)[number];

export const REGISTRATION_TTL_MS = { min: 2_000, max: 5 * 60_000, default: 10_000 } as const;

/** Registrations of one pool. */
export const MAX_REGISTRATIONS = 1_000;
