/** `get policies` and `describe policy`. */
import { formatDuration } from '../../core/model/duration.ts';
import type { Policy } from '../../core/model/resources.ts';
import { otherFields, type Plain, plainOf } from '../../core/view/plain.ts';
import { checkText, policyEffects, wholeCheckText } from '../../core/view/policy-words.ts';
import type { Policy__Output } from '../../core/wire/generated/lb/v1/Policy.ts';
import type { Pool__Output } from '../../core/wire/generated/lb/v1/Pool.ts';
import { policyFromWire } from '../../core/wire/resource-codec.ts';
import type { Context } from '../context.ts';
import { type Listing, listing } from '../output/listing.ts';
import type { Page } from '../output/page.ts';
import type { Session } from '../session/session.ts';
import { findNamed } from './find-named.ts';

interface StoredPolicy extends Policy {
  readonly revision: string;
}

export async function listPolicies(session: Session, context: Context): Promise<Listing> {
  return listing(
    context,
    await readPolicies(session),
    (policy) => ({ name: policy.name, plain: policyPlain(policy) }),
    [
      ['NAME', ({ name }) => name],
      ['STRATEGY', ({ strategy }) => strategy],
      ['HEALTH CHECK', ({ healthCheck }) => checkText(healthCheck)],
      ['CONNECT', ({ connect }) => `${formatDuration(connect.timeoutMs)}, ${connect.retries} retries`],
      ['IDLE', ({ timeouts }) => orNever(timeouts.idleMs)],
      ['DRAIN', ({ drainTimeoutMs }) => orNever(drainTimeoutMs)],
    ],
    [
      ['HALF CLOSED', ({ timeouts }) => orNever(timeouts.halfClosedMs)],
      ['HEALTHY AFTER', ({ healthCheck }) => String(healthCheck.healthyThreshold)],
      ['UNHEALTHY AFTER', ({ healthCheck }) => String(healthCheck.unhealthyThreshold)],
      ['REVISION', ({ revision }) => revision],
    ],
  );
}

/** Every field of the policy, and the pools that use it. */
export async function describePolicy(session: Session, _context: Context, name: string): Promise<Page> {
  const [policies, { pools }] = await Promise.all([
    readPolicies(session),
    session.read('pools', 'ListPools', {}),
  ]);
  const policy = findNamed('policies', name, policies);
  const plain = policyPlain(policy);
  const users = pools.filter(({ policy }) => policy === name).map((pool) => pool.name);
  return {
    name,
    plain: { ...plain, pools: users },
    facts: [
      ['Policy', name],
      ['Check', wholeCheckText(policy.healthCheck)],
      ...policyEffects(policy),
      ...otherFields(plain, ['kind', 'name']),
      ['Used by pools', users.join(', ')],
    ],
    tables: [],
  };
}

/** Undefined: it was deleted between two reads. */
export function policyOf(
  pool: Pick<Pool__Output, 'policy'>,
  policies: readonly Policy__Output[],
): Policy | undefined {
  const wire = policies.find(({ name }) => name === pool.policy);
  return wire && policyFromWire(wire, '', []);
}

async function readPolicies(session: Session): Promise<StoredPolicy[]> {
  const { policies } = await session.read('policies', 'ListPolicies', {});
  return policies.map((wire) => ({ ...policyFromWire(wire, '', []), revision: wire.revision }));
}

/** The manifest, with its revision. */
function policyPlain({ revision, ...policy }: StoredPolicy): Plain {
  return { kind: 'Policy', name: policy.name, ...plainOf(policy), revision };
}

function orNever(ms: number): string {
  return ms === 0 ? 'never' : formatDuration(ms);
}
