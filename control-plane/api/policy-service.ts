/** PolicyService. */
import { createPolicy, deletePolicy, updatePolicy } from '../../core/model/edits/policy.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { Policy__Output } from '../../core/wire/generated/lb/v1/Policy.ts';
import type { PolicyServiceHandlers } from '../../core/wire/generated/lb/v1/PolicyService.ts';
import { policyDraftFromWire } from '../../core/wire/policy-codec.ts';
import { expected, required, requiredName } from './make-change.ts';
import type { ApiDeps } from './api-deps.ts';
import { find, readFor } from './read-state.ts';
import { byName, storedPolicyToWire } from './stored-codec.ts';

export function policyHandlers({ unary, change, follower }: ApiDeps): PolicyServiceHandlers {
  return {
    CreatePolicy: unary((request, call) =>
      change('CreatePolicy', request, call, (violations) => {
        const policy = required('policy', request.policy, violations);
        return policy && createPolicy(read(policy, violations));
      }),
    ),
    GetPolicy: unary(async ({ name }, call) => {
      const { state } = await readFor(call, follower, { name });
      return storedPolicyToWire(find(state, 'policy', name));
    }),
    ListPolicies: unary(async (_request, call) => {
      const { state } = await readFor(call, follower);
      return { policies: byName(state.policies).map(storedPolicyToWire) };
    }),
    UpdatePolicy: unary((request, call) =>
      change('UpdatePolicy', request, call, (violations) => {
        const policy = required('policy', request.policy, violations);
        if (!policy) return null;
        const draft = read(policy, violations);
        return updatePolicy(draft, request.updateMask?.paths, expected(policy.revision));
      }),
    ),
    DeletePolicy: unary((request, call) =>
      change('DeletePolicy', request, call, (violations) => {
        requiredName('name', request.name, violations);
        return deletePolicy(request.name, expected(request.revision));
      }),
    ),
  };
}

function read(wire: Policy__Output, violations: Violation[]) {
  requiredName('policy.name', wire.name, violations);
  return policyDraftFromWire(wire, `policies[${wire.name}]`, violations);
}
