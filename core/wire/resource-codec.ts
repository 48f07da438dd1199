/**
 * Resources and drafts ⇄ the wire. A draft may lack fields, and core/model/validate.ts checks the values later. Only
 * what cannot be read at all is collected in `violations` here, with paths.
 */
import { BACKEND_DEFAULTS } from '../model/defaults.ts';
import {
  type BackendDraft,
  completeListener,
  completePolicy,
  completePool,
  type ListenerDraft,
  type PolicyDraft,
  type PoolDraft,
  type ResourceDraft,
} from '../model/draft.ts';
import { FIELDS } from '../model/fields/resource-fields.ts';
import type { Backend, Policy, Resource } from '../model/resources.ts';
import type { Violation } from '../model/violation.ts';
import { messageFromWire, messageToWire } from './field-codec.ts';
import type { Backend as WireBackend, Backend__Output } from './generated/lb/v1/Backend.ts';
import type { Listener as WireListener, Listener__Output } from './generated/lb/v1/Listener.ts';
import type { Policy as WirePolicy, Policy__Output } from './generated/lb/v1/Policy.ts';
import type { Pool as WirePool, Pool__Output } from './generated/lb/v1/Pool.ts';
import type { Resource as WireResource, Resource__Output } from './generated/lb/v1/Resource.ts';
import { timestampToWire } from './timestamp-codec.ts';

/** A resource or its draft as a message; a pool without its backends. */
function toWire(
  kind: 'policy' | 'pool' | 'listener',
  { name, ...fields }: { readonly name: string },
  revision: number,
) {
  return { name, ...messageToWire(FIELDS[kind], fields), revision: String(revision) };
}

export const policyDraftToWire = (draft: PolicyDraft, revision = 0): WirePolicy =>
  toWire('policy', draft, revision);

export function policyDraftFromWire(
  wire: Policy__Output,
  path: string,
  violations: Violation[],
): PolicyDraft {
  return { name: wire.name, ...messageFromWire(FIELDS.policy, { ...wire }, path, violations) };
}

/** A policy as a control plane sends it, with every field set; one that is unset gets its default. */
export function policyFromWire(wire: Policy__Output, path: string, violations: Violation[]): Policy {
  return completePolicy(policyDraftFromWire(wire, path, violations));
}

export function backendDraftToWire(draft: BackendDraft, revision = 0, stateSinceMs?: number): WireBackend {
  return {
    ...messageToWire(FIELDS.backend, { ...draft }),
    ...(stateSinceMs !== undefined && { stateSince: timestampToWire(stateSinceMs) }),
    revision: String(revision),
  };
}

export function backendDraftFromWire(
  wire: Backend__Output,
  path: string,
  violations: Violation[],
): BackendDraft {
  return messageFromWire(FIELDS.backend, { ...wire }, path, violations) as unknown as BackendDraft;
}

export function poolDraftToWire(draft: PoolDraft, revision = 0): WirePool {
  const backends = draft.backends.map((backend) => backendDraftToWire(backend));
  return { ...toWire('pool', draft, revision), backends };
}

export function poolDraftFromWire(wire: Pool__Output, path: string, violations: Violation[]): PoolDraft {
  return {
    name: wire.name,
    ...messageFromWire(FIELDS.pool, { ...wire, policy: wire.policy || undefined }, path, violations),
    backends: wire.backends.map((backend) =>
      backendDraftFromWire(backend, `${path}.backends[${backend.address}]`, violations),
    ),
  };
}

export const listenerDraftToWire = (draft: ListenerDraft, revision = 0): WireListener =>
  toWire('listener', draft, revision);

export function listenerDraftFromWire(
  wire: Listener__Output,
  path: string,
  violations: Violation[],
): ListenerDraft {
  return { name: wire.name, ...messageFromWire(FIELDS.listener, { ...wire }, path, violations) };
}

export function resourceDraftToWire(draft: ResourceDraft): WireResource {
  switch (draft.kind) {
    case 'policy':
      return { policy: policyDraftToWire(draft.value) };
    case 'pool':
      return { pool: poolDraftToWire(draft.value) };
    case 'listener':
      return { listener: listenerDraftToWire(draft.value) };
  }
}

/** Undefined, with a violation, when it is not one of the three kinds that can be declared. `at` is its path in the request. */
export function resourceDraftFromWire(
  wire: Resource__Output,
  at: string,
  violations: Violation[],
): ResourceDraft | undefined {
  if (wire.policy) {
    return {
      kind: 'policy',
      value: policyDraftFromWire(wire.policy, `policies[${wire.policy.name}]`, violations),
    };
  }
  if (wire.pool) {
    return { kind: 'pool', value: poolDraftFromWire(wire.pool, `pools[${wire.pool.name}]`, violations) };
  }
  if (wire.listener) {
    const path = `listeners[${wire.listener.name}]`;
    return { kind: 'listener', value: listenerDraftFromWire(wire.listener, path, violations) };
  }
  violations.push({ field: at, description: 'must be a policy, a pool (with its backends) or a listener' });
  return undefined;
}

/** A complete resource by itself; a pool without its backends. */
export function resourceToWire(resource: Resource, revision = 0): WireResource {
  switch (resource.kind) {
    case 'policy':
      return { policy: policyDraftToWire(resource.value, revision) };
    case 'pool':
      return { pool: poolDraftToWire({ ...resource.value, backends: [] }, revision) };
    case 'backend':
      return {
        backend: { pool: resource.value.pool, backend: backendDraftToWire(resource.value, revision) },
      };
    case 'listener':
      return { listener: listenerDraftToWire(resource.value, revision) };
  }
}

/** The reverse. Undefined, with a violation, when the message is empty. */
export function resourceFromWire(
  wire: Resource__Output,
  at: string,
  violations: Violation[],
): Resource | undefined {
  if (wire.policy) return { kind: 'policy', value: policyFromWire(wire.policy, at, violations) };
  if (wire.pool) return { kind: 'pool', value: completePool(poolDraftFromWire(wire.pool, at, violations)) };
  if (wire.listener) {
    return {
      kind: 'listener',
      value: completeListener(listenerDraftFromWire(wire.listener, at, violations)),
    };
  }
  if (wire.backend?.backend) {
    return {
      kind: 'backend',
      value: backendFromWire(wire.backend.pool, wire.backend.backend, at, violations),
    };
  }
  violations.push({ field: at, description: 'has no resource of a kind that this program knows' });
  return undefined;
}

/** A complete backend of a pool. */
export function backendFromWire(
  pool: string,
  wire: Backend__Output,
  at: string,
  violations: Violation[],
): Backend {
  return { ...BACKEND_DEFAULTS, ...backendDraftFromWire(wire, at, violations), pool };
}
