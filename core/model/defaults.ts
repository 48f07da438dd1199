/** Every default of a resource, in one place. docs/concepts.md lists them. */
import type { Policy } from './resources.ts';

/** Name of the policy that always exists, can be edited and can't be deleted. */
export const DEFAULT_POLICY_NAME = 'default';

export const POLICY_DEFAULTS: Omit<Policy, 'name'> = {
  strategy: 'power_of_two_choices',
  healthCheck: {
    type: 'tcp',
    intervalMs: 5_000,
    timeoutMs: 2_000,
    healthyThreshold: 2,
    unhealthyThreshold: 3,
  },
  connect: { timeoutMs: 5_000, retries: 2 },
  timeouts: { idleMs: 3_600_000, halfClosedMs: 60_000 },
  drainTimeoutMs: 300_000,
};

/** Each connection has a line in the connection log. */
export const LOG_ONE_IN = 1;

/** Of a backend; the least is 0, which takes no new connections. */
export const MAX_WEIGHT = 1_000;

export const BACKEND_DEFAULTS = { weight: 1, state: 'active' } as const;
