/** Messages as a control plane sends them, for answers of the fake one. */
import { completePolicy } from '../../core/model/draft.ts';
import type { BackendState, Health } from '../../core/model/resources.ts';
import type { BackendStatus } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { Policy } from '../../core/wire/generated/lb/v1/Policy.ts';
import type { Pool } from '../../core/wire/generated/lb/v1/Pool.ts';
import type { Proxy } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { policyDraftToWire } from '../../core/wire/resource-codec.ts';
import type { Answers } from './fake-control-plane.ts';

export function wirePolicy(name: string, revision = 1): Policy {
  return policyDraftToWire(completePolicy({ name }), revision);
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

/** Two backends of the pool `web`, three proxies that see them differently, one of them away. */
export const A = '10.0.0.1:80';
export const B = '10.0.0.2:80';

/** A fleet of everything, for what reads. */
export const FLEET: Answers = {
  ListPools: () => ({ pools: [wirePool('api', []), wirePool('web', [A, [B, 'draining']])] }),
  ListPolicies: () => ({ policies: [wirePolicy('default'), wirePolicy('steady')] }),
  ListListeners: () => ({
    listeners: [{ name: 'web', address: '0.0.0.0:80', pool: 'web', revision: '4' }],
  }),
  ListProxies: () => ({
    proxies: [
      {
        ...wireProxy('edge-1'),
        listeners: [
          {
            listener: 'web',
            connectionsActive: 2,
            closedTotal: { completed: '9', denied: '3' },
            wouldBeLimitedTotal: '4',
          },
        ],
      },
      {
        ...wireProxy('edge-2', { revision: 3 }),
        applied: {
          position: { revision: '3' },
          failedListeners: [{ listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE: in use' }],
        },
      },
      wireProxy('edge-3', { connected: false }),
    ],
  }),
  ListBackendStatus: () => ({
    statuses: [
      wireStatus('edge-1', 'web', A, { connections: 3 }),
      wireStatus('edge-2', 'web', A, { health: 'unhealthy', reason: 'connection refused', connections: 1 }),
      // What an absent proxy said last counts for nothing.
      wireStatus('edge-3', 'web', B, { health: 'unhealthy', connections: 9 }),
      wireStatus('edge-1', 'web', B),
    ],
  }),
};
