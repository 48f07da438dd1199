/** Stored resources on the wire, each with the revision that last changed it. */
import type { Listener, Policy } from '../../core/model/resources.ts';
import { byName, type State, type Stored, type StoredPool } from '../../core/model/state.ts';
import type { Listener as WireListener } from '../../core/wire/generated/lb/v1/Listener.ts';
import type { Policy as WirePolicy } from '../../core/wire/generated/lb/v1/Policy.ts';
import type { Pool as WirePool } from '../../core/wire/generated/lb/v1/Pool.ts';
import type { Resource as WireResource } from '../../core/wire/generated/lb/v1/Resource.ts';
import { policyDraftToWire } from '../../core/wire/resource-codec.ts';
import { backendDraftToWire, listenerDraftToWire, poolDraftToWire } from '../../core/wire/resource-codec.ts';

export function storedPolicyToWire({ value, revision }: Stored<Policy>): WirePolicy {
  return policyDraftToWire(value, revision);
}

export function storedPoolToWire({ value, revision, backends }: StoredPool): WirePool {
  return {
    ...poolDraftToWire({ ...value, backends: [] }, revision),
    backends: Array.from(backends.values(), (backend) =>
      backendDraftToWire(backend.value, backend.revision, backend.stateSinceMs),
    ),
  };
}

export function storedListenerToWire({ value, revision }: Stored<Listener>): WireListener {
  return listenerDraftToWire(value, revision);
}

/** Everything that Apply needs to reproduce this state. The built-in policy is included only if it was edited. */
export function stateToWire(state: State): WireResource[] {
  const policies = byName(state.policies).filter(({ revision }) => revision > 0);
  return [
    ...policies.map((stored) => ({ policy: storedPolicyToWire(stored) })),
    ...byName(state.pools).map((stored) => ({ pool: storedPoolToWire(stored) })),
    ...byName(state.listeners).map((stored) => ({ listener: storedListenerToWire(stored) })),
  ];
}
