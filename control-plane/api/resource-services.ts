/** PolicyService, PoolService and ListenerService: the same five methods for each kind, and the backends of pools. */
import type { Edit } from '../../core/model/edits/edit.ts';
import { createListener, deleteListener, updateListener } from '../../core/model/edits/listener.ts';
import { createPolicy, deletePolicy, updatePolicy } from '../../core/model/edits/policy.ts';
import { createPool, deletePool, updatePool } from '../../core/model/edits/pool.ts';
import { byName, type State } from '../../core/model/state.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { ListenerServiceHandlers } from '../../core/wire/generated/lb/v1/ListenerService.ts';
import type { PolicyServiceHandlers } from '../../core/wire/generated/lb/v1/PolicyService.ts';
import type { PoolServiceHandlers } from '../../core/wire/generated/lb/v1/PoolService.ts';
import { policyDraftFromWire } from '../../core/wire/resource-codec.ts';
import { listenerDraftFromWire, poolDraftFromWire } from '../../core/wire/resource-codec.ts';
import type { UnaryCall } from '../rpc/unary.ts';
import { required, throwIfInvalid } from '../../core/runtime/request-violations.ts';
import type { ApiDeps } from './api-deps.ts';
import { backendHandlers } from './backend-methods.ts';
import { type ChangeFields, expectedRevision } from './make-change.ts';
import { findResource, readState } from './read-state.ts';
import { storedListenerToWire, storedPolicyToWire, storedPoolToWire } from './stored-codec.ts';

export function policyHandlers(deps: ApiDeps): PolicyServiceHandlers {
  const methods = resourceMethods(deps, 'Policy', {
    read: policyDraftFromWire,
    stored: ({ policies }) => policies,
    toWire: storedPolicyToWire,
    create: createPolicy,
    update: updatePolicy,
    delete: deletePolicy,
  });
  return {
    CreatePolicy: methods.create(({ policy }) => policy),
    GetPolicy: methods.get,
    ListPolicies: methods.list((policies) => ({ policies })),
    UpdatePolicy: methods.update(({ policy }) => policy),
    DeletePolicy: methods.delete,
  };
}

export function poolHandlers(deps: ApiDeps): PoolServiceHandlers {
  const methods = resourceMethods(deps, 'Pool', {
    read: poolDraftFromWire,
    stored: ({ pools }) => pools,
    toWire: storedPoolToWire,
    create: createPool,
    update: updatePool,
    delete: deletePool,
  });
  return {
    CreatePool: methods.create(({ pool }) => pool),
    GetPool: methods.get,
    ListPools: methods.list((pools) => ({ pools })),
    UpdatePool: methods.update(({ pool }) => pool),
    DeletePool: methods.delete,
    ...backendHandlers(deps),
  };
}

export function listenerHandlers(deps: ApiDeps): ListenerServiceHandlers {
  const methods = resourceMethods(deps, 'Listener', {
    read: listenerDraftFromWire,
    stored: ({ listeners }) => listeners,
    toWire: storedListenerToWire,
    create: createListener,
    update: updateListener,
    delete: deleteListener,
  });
  return {
    CreateListener: methods.create(({ listener }) => listener),
    GetListener: methods.get,
    ListListeners: methods.list((listeners) => ({ listeners })),
    UpdateListener: methods.update(({ listener }) => listener),
    DeleteListener: methods.delete,
  };
}

/** What differs between the kinds. */
interface Kind<Wire, Draft, Stored, StoredWire> {
  readonly read: (wire: Wire, path: string, violations: Violation[]) => Draft;
  readonly stored: (state: State) => ReadonlyMap<string, Stored>;
  readonly toWire: (stored: Stored) => StoredWire;
  readonly create: (draft: Draft) => Edit;
  readonly update: (draft: Draft, maskPaths: readonly string[] | undefined, expected?: number) => Edit;
  readonly delete: (name: string, expected?: number) => Edit;
}

type UpdateFields = ChangeFields & { readonly updateMask: { readonly paths: string[] } | null };
type DeleteFields = ChangeFields & { readonly name: string; readonly revision: string };

function resourceMethods<
  Wire extends { readonly name: string; readonly revision: string },
  Draft,
  Stored,
  StoredWire,
>(
  { unary, change, follower }: ApiDeps,
  title: 'Policy' | 'Pool' | 'Listener',
  kind: Kind<Wire, Draft, Stored, StoredWire>,
) {
  const word = title.toLowerCase();
  const read = (wire: Wire | null, violations: Violation[]): Draft | null => {
    if (required(word, wire, violations) === null || wire === null) return null;
    return kind.read(wire, `${word === 'policy' ? 'policies' : `${word}s`}[${wire.name}]`, violations);
  };
  return {
    create: <Request extends ChangeFields>(wireIn: (request: Request) => Wire | null) =>
      unary((request: Request, call) =>
        change(`Create${title}`, request, call, (violations) => {
          const draft = read(wireIn(request), violations);
          return draft && kind.create(draft);
        }),
      ),
    get: unary(async ({ name }: { readonly name: string }, call) => {
      const violations: Violation[] = [];
      required('name', name, violations);
      throwIfInvalid(violations);
      const { state } = await readState(call, follower);
      return kind.toWire(findResource(word, kind.stored(state), name));
    }),
    list: <Response>(answer: (resources: StoredWire[]) => Response) =>
      unary(async (_request: object, call: UnaryCall) => {
        const { state } = await readState(call, follower);
        return answer(byName(kind.stored(state)).map(kind.toWire));
      }),
    update: <Request extends UpdateFields>(wireIn: (request: Request) => Wire | null) =>
      unary((request: Request, call) =>
        change(`Update${title}`, request, call, (violations) => {
          const wire = wireIn(request);
          const draft = read(wire, violations);
          const expected = expectedRevision(wire?.revision ?? '0');
          return draft && kind.update(draft, request.updateMask?.paths, expected);
        }),
      ),
    delete: unary((request: DeleteFields, call) =>
      change(`Delete${title}`, request, call, () =>
        kind.delete(request.name, expectedRevision(request.revision)),
      ),
    ),
  };
}
