/** PoolService: the methods that change single backends. */
import { addBackends, removeBackends, updateBackend } from '../../core/model/edits/backend.ts';
import { setHostState } from '../../core/model/edits/host.ts';
import { BACKEND_STATES } from '../../core/model/resources.ts';
import { wordFromWire } from '../../core/wire/enum-codec.ts';
import type { PoolServiceHandlers } from '../../core/wire/generated/lb/v1/PoolService.ts';
import { backendDraftFromWire } from '../../core/wire/resource-codec.ts';
import { required, requiredItems } from '../../core/runtime/request-violations.ts';
import type { ApiDeps } from './api-deps.ts';
import { expectedRevision } from './make-change.ts';
import { explainRegistered, explainRegisteredHost } from './registered-backend.ts';

type BackendHandlers = Pick<
  PoolServiceHandlers,
  'AddBackends' | 'RemoveBackends' | 'UpdateBackend' | 'SetHostState'
>;

export function backendHandlers({ unary, change, follower }: ApiDeps): BackendHandlers {
  const members = () => follower.current()?.members ?? [];
  const pathOf = (pool: string, address: string) => `pools[${pool}].backends[${address}]`;
  return {
    AddBackends: unary((request, call) =>
      change('AddBackends', request, call, (violations) => {
        const { pool, backends } = request;
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
        requiredItems('addresses', addresses, violations);
        return explainRegistered(removeBackends(pool, addresses), pool, addresses, members);
      }),
    ),
    UpdateBackend: unary((request, call) =>
      change('UpdateBackend', request, call, (violations) => {
        const { pool, backend } = request;
        if (backend === null) {
          required('pool', pool, violations);
          required('backend', null, violations);
          return null;
        }
        const { address, revision } = backend;
        const draft = backendDraftFromWire(backend, pathOf(pool, address), violations);
        const edit = updateBackend(pool, draft, expectedRevision(revision));
        return explainRegistered(edit, pool, [address], members);
      }),
    ),
    SetHostState: unary((request, call) =>
      change('SetHostState', request, call, (violations) => {
        const { ip } = request;
        const state = wordFromWire('BACKEND_STATE', BACKEND_STATES, request.state, 'state', violations);
        if (request.state === 'BACKEND_STATE_UNSPECIFIED') required('state', null, violations);
        return explainRegisteredHost(setHostState(ip, state ?? 'active'), ip, members);
      }),
    ),
  };
}
