/** ListenerService. */
import { createListener, deleteListener, updateListener } from '../../core/model/edits/listener.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { Listener__Output } from '../../core/wire/generated/lb/v1/Listener.ts';
import type { ListenerServiceHandlers } from '../../core/wire/generated/lb/v1/ListenerService.ts';
import { listenerFromWire } from '../../core/wire/resource-codec.ts';
import { expected, required, requiredName } from './make-change.ts';
import type { ApiDeps } from './api-deps.ts';
import { find, readFor } from './read-state.ts';
import { byName, storedListenerToWire } from './stored-codec.ts';

export function listenerHandlers({ unary, change, follower }: ApiDeps): ListenerServiceHandlers {
  return {
    CreateListener: unary((request, call) =>
      change('CreateListener', request, call, (violations) => {
        const listener = required('listener', request.listener, violations);
        return listener && createListener(read(listener, violations));
      }),
    ),
    GetListener: unary(async ({ name }, call) => {
      const { state } = await readFor(call, follower, { name });
      return storedListenerToWire(find(state, 'listener', name));
    }),
    ListListeners: unary(async (_request, call) => {
      const { state } = await readFor(call, follower);
      return { listeners: byName(state.listeners).map(storedListenerToWire) };
    }),
    UpdateListener: unary((request, call) =>
      change('UpdateListener', request, call, (violations) => {
        const listener = required('listener', request.listener, violations);
        if (!listener) return null;
        const draft = read(listener, violations);
        return updateListener(draft, request.updateMask?.paths, expected(listener.revision));
      }),
    ),
    DeleteListener: unary((request, call) =>
      change('DeleteListener', request, call, (violations) => {
        requiredName('name', request.name, violations);
        return deleteListener(request.name, expected(request.revision));
      }),
    ),
  };
}

function read(wire: Listener__Output, violations: Violation[]) {
  requiredName('listener.name', wire.name, violations);
  return listenerFromWire(wire);
}
