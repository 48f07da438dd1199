/** PoolService: the methods that change the backends of one pool. */
import { addBackends, removeBackends, updateBackend } from '../../core/model/edits/backend.ts';
import type { PoolServiceHandlers } from '../../core/wire/generated/lb/v1/PoolService.ts';
import { backendDraftFromWire } from '../../core/wire/resource-codec.ts';
import { required, requiredItems } from '../../core/runtime/request-violations.ts';
import type { ApiDeps } from './api-deps.ts';
import { expectedRevision } from './make-change.ts';
import { explainRegistered } from './registered-backend.ts';

type BackendHandlers = Pick<PoolServiceHandlers, 'AddBackends' | 'RemoveBackends' | 'UpdateBackend'>;

export function backendHandlers({ unary, change, follower }: ApiDeps): BackendHandlers {
  const members = () => follower.current()?.members ?? [];
  const pathOf = (pool: string, address: string) => `pools[${pool}].backends[${address}]`;
  return {
    AddBackends: unary((request, call) =>
      change('AddBackends', request, call, (violations) => {
        const { pool, backends } = request;
        required('pool', pool, violations);
        requiredItems('backends', backends, violations);
        const drafts = backends.map((backend) =>
          backendDraftFromWire(backend, pathOf(pool, backend.address), violations),
        );
        return addBackends(pool, drafts);
      }),
    ),
    RemoveBackends: unary((request, call) =>
      change('RemoveBackends', request, call, (violations) => {
        const { pool, addresses } = request;
        required('pool', pool, violations);
        requiredItems('addresses', addresses, violations);
        return explainRegistered(removeBackends(pool, addresses), pool, addresses, members);
      }),
    ),
    UpdateBackend: unary((request, call) =>
      change('UpdateBackend', request, call, (violations) => {
        const { pool, backend } = request;
        required('pool', pool, violations);
        if (required('backend', backend, violations) === null || backend === null) return null;
        const { address, revision } = backend;
        required('backend.address', address, violations);
        const draft = backendDraftFromWire(backend, pathOf(pool, address), violations);
        const edit = updateBackend(pool, draft, expectedRevision(revision));
        return explainRegistered(edit, pool, [address], members);
      }),
    ),
  };
}
