/** `get policies`. */
import { formatDuration } from '../../core/model/duration.ts';
import type { Policy } from '../../core/model/resources.ts';
import type { Policy__Output } from '../../core/wire/generated/lb/v1/Policy.ts';
import { policyFromWire } from '../../core/wire/policy-codec.ts';
import { type Plain, toManifest } from '../manifest/print.ts';
import type { Lister } from './listing.ts';

export const listPolicies: Lister = async (session) => {
  const { policies } = await session.read('policies', 'ListPolicies', {});
  return {
    header: ['NAME', 'STRATEGY', 'HEALTH CHECK', 'CONNECT', 'IDLE', 'DRAIN'],
    moreHeader: ['HALF CLOSED', 'HEALTHY AFTER', 'UNHEALTHY AFTER', 'REVISION'],
    items: policies.map((wire) => {
      const policy = policyFromWire(wire, '', []);
      const { healthCheck, timeouts } = policy;
      return {
        name: policy.name,
        plain: policyPlain(wire),
        row: [
          policy.name,
          policy.strategy,
          checkText(policy),
          `${formatDuration(policy.connect.timeoutMs)}, ${policy.connect.retries} retries`,
          orNever(timeouts.idleMs),
          orNever(policy.drainTimeoutMs),
        ],
        more: [
          orNever(timeouts.halfClosedMs),
          String(healthCheck.healthyThreshold),
          String(healthCheck.unhealthyThreshold),
          wire.revision,
        ],
      };
    }),
  };
};

/** The manifest, with its revision. */
export function policyPlain(wire: Policy__Output): Plain {
  return { ...toManifest({ kind: 'policy', value: policyFromWire(wire, '', []) }), revision: wire.revision };
}

/** `tcp every 5s`. */
export function checkText({ healthCheck }: Policy): string {
  return healthCheck.type === 'none'
    ? 'none'
    : `${healthCheck.type} every ${formatDuration(healthCheck.intervalMs)}`;
}

function orNever(ms: number): string {
  return ms === 0 ? 'never' : formatDuration(ms);
}
