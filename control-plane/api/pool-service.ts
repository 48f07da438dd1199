/** PoolService. */
import { addBackends, removeBackends, updateBackend } from '../../core/model/edits/backend.ts';
import { createPool, deletePool, updatePool } from '../../core/model/edits/pool.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { Pool__Output } from '../../core/wire/generated/lb/v1/Pool.ts';
import type { PoolServiceHandlers } from '../../core/wire/generated/lb/v1/PoolService.ts';
import { backendDraftFromWire, poolDraftFromWire } from '../../core/wire/resource-codec.ts';
import { expected, required, requiredItems, requiredName } from './make-change.ts';
import type { ApiDeps } from './api-deps.ts';
import { find, readFor } from './read-state.ts';
import { knowingRegistered } from './registered-backend.ts';
import { byName, storedPoolToWire } from './stored-codec.ts';

export function poolHandlers(deps: ApiDeps): PoolServiceHandlers {
  return { ...ofPools(deps), ...ofBackends(deps) };
}

type OfBackends = Pick<PoolServiceHandlers, 'AddBackends' | 'RemoveBackends' | 'UpdateBackend'>;
type OfPools = Pick<
  PoolServiceHandlers,
  'CreatePool' | 'GetPool' | 'ListPools' | 'UpdatePool' | 'DeletePool'
>;

function ofPools({ unary, change, follower }: ApiDeps): OfPools {
  return {
    CreatePool: unary((request, call) =>
      change('CreatePool', request, call, (violations) => {
        const pool = required('pool', request.pool, violations);
        return pool && createPool(read(pool, violations));
      }),
    ),
    GetPool: unary(async ({ name }, call) => {
      const { state } = await readFor(call, follower, { name });
      return storedPoolToWire(find(state, 'pool', name));
    }),
    ListPools: unary(async (_request, call) => {
      const { state } = await readFor(call, follower);
      return { pools: byName(state.pools).map(storedPoolToWire) };
    }),
    UpdatePool: unary((request, call) =>
      change('UpdatePool', request, call, (violations) => {
        const pool = required('pool', request.pool, violations);
        if (!pool) return null;
        const draft = read(pool, violations);
        return updatePool(draft, request.updateMask?.paths, expected(pool.revision));
      }),
    ),
    DeletePool: unary((request, call) =>
      change('DeletePool', request, call, (violations) => {
        requiredName('name', request.name, violations);
        return deletePool(request.name, expected(request.revision));
      }),
    ),
  };
}

function ofBackends({ unary, change, follower }: ApiDeps): OfBackends {
  const members = () => follower.current()?.members ?? [];
  return {
    AddBackends: unary((request, call) =>
      change('AddBackends', request, call, (violations) => {
        requiredName('pool', request.pool, violations);
        requiredItems('backends', request.backends, violations);
        const drafts = request.backends.map((backend) =>
          backendDraftFromWire(backend, `pools[${request.pool}].backends[${backend.address}]`, violations),
        );
        return addBackends(request.pool, drafts);
      }),
    ),
    RemoveBackends: unary((request, call) =>
      change('RemoveBackends', request, call, (violations) => {
        requiredName('pool', request.pool, violations);
        requiredItems('addresses', request.addresses, violations);
        const { pool, addresses } = request;
        return knowingRegistered(removeBackends(pool, addresses), pool, addresses, members);
      }),
    ),
    UpdateBackend: unary((request, call) =>
      change('UpdateBackend', request, call, (violations) => {
        requiredName('pool', request.pool, violations);
        const backend = required('backend', request.backend, violations);
        if (!backend) return null;
        requiredName('backend.address', backend.address, violations);
        const path = `pools[${request.pool}].backends[${backend.address}]`;
        const draft = backendDraftFromWire(backend, path, violations);
        const edit = updateBackend(request.pool, draft, expected(backend.revision));
        return knowingRegistered(edit, request.pool, [backend.address], members);
      }),
    ),
  };
}

function read(wire: Pool__Output, violations: Violation[]) {
  requiredName('pool.name', wire.name, violations);
  return poolDraftFromWire(wire, `pools[${wire.name}]`, violations);
}
