/** Messages as a control plane sends them, for answers of the fake one. */
import type { BackendState, Health } from '../../core/model/resources.ts';
import { durationToWire } from '../../core/wire/duration-codec.ts';
import type { BackendStatus } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { Policy } from '../../core/wire/generated/lb/v1/Policy.ts';
import type { Pool } from '../../core/wire/generated/lb/v1/Pool.ts';
import type { Proxy } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { completePolicy } from '../../core/model/complete.ts';
import { policyDraftToWire } from '../../core/wire/policy-codec.ts';

export function wirePolicy(name: string, revision = 1): Policy {
  return { ...policyDraftToWire(completePolicy({ name }), revision), drainTimeout: durationToWire(300_000) };
}

/** Backends as ADDRESS or [ADDRESS, state]. */
export function wirePool(
  name: string,
  backends: readonly (string | readonly [string, BackendState])[],
): Pool {
  return {
    name,
    policy: 'default',
    revision: '3',
    backends: backends.map((backend) => {
      const [address, state] = typeof backend === 'string' ? [backend, 'active'] : backend;
      return {
        address,
        weight: 1,
        revision: '2',
        state: `BACKEND_STATE_${state.toUpperCase() as Uppercase<BackendState>}`,
      };
    }),
  };
}

export function wireProxy(id: string, fields: { connected?: boolean; revision?: number } = {}): Proxy {
  const { connected = true, revision = 5 } = fields;
  return {
    info: { id, zone: 'north', engine: 'portable', version: '0.1.0', adminAddress: '127.0.0.1:7100' },
    connected,
    applied: { position: { storeId: 's', version: '9', revision: String(revision), hash: 'h' } },
    currentRevision: '5',
    workers: [{ index: 0, connectionsActive: 4 }],
    connectionsActive: 4,
  };
}

export function wireStatus(
  proxyId: string,
  pool: string,
  address: string,
  fields: { health?: Health; connections?: number; revision?: number; reason?: string } = {},
): BackendStatus {
  const { health = 'healthy', connections = 0, revision = 5, reason = '' } = fields;
  return {
    proxyId,
    revision: String(revision),
    report: {
      backend: { pool, address },
      health: `HEALTH_${health.toUpperCase() as Uppercase<Health>}`,
      reason,
      since: { seconds: 1_700_000_000, nanos: 0 },
      connectionsActive: connections,
      connectionsTotal: '9007199254740993',
    },
  };
}
