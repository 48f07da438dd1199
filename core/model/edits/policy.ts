/** Edits of policies: create, update, delete. */
import { completePolicy, type PolicyDraft } from '../draft.ts';
import { DEFAULT_POLICY_NAME } from '../defaults.ts';
import type { Edit, EditResult } from '../edit.ts';
import type { Policy } from '../resources.ts';
import type { State, Stored } from '../state.ts';
import { referrers } from '../validate.ts';
import { decide, editStored, put, refuse, refuseReferenced, refuseTaken } from './decide.ts';
import { type Mask, readMask } from './mask.ts';

const FIELDS = [
  'strategy',
  'health_check.type',
  'health_check.interval',
  'health_check.timeout',
  'health_check.healthy_threshold',
  'health_check.unhealthy_threshold',
  'connect.timeout',
  'connect.retries',
  'timeouts.idle',
  'timeouts.half_closed',
  'drain_timeout',
  'connection_log.one_in',
];

/** A new policy. */
export function createPolicy(draft: PolicyDraft): Edit {
  return (state) => {
    const value = completePolicy(draft);
    const result = decide(state, [{ op: 'put', resource: { kind: 'policy', value } }]);
    return state.policies.has(draft.name) ? refuseTaken('policy', draft.name, result) : result;
  };
}

/** Replaces the fields that `maskPaths` names, or all; a field the draft leaves out takes its default. */
export function updatePolicy(
  draft: PolicyDraft,
  maskPaths: readonly string[] = [],
  expectedRevision?: number,
): Edit {
  const { has, violations } = readMask(maskPaths, FIELDS);
  return edit(draft.name, expectedRevision, (stored, state) => {
    const value = merge(stored.value, completePolicy(draft), has);
    return decide(state, put({ kind: 'policy', value }, stored), violations);
  });
}

/** Refused while a pool uses it, and for the built-in policy. */
export function deletePolicy(name: string, expectedRevision?: number): Edit {
  return edit(name, expectedRevision, (_, state) => {
    if (name === DEFAULT_POLICY_NAME) {
      const message = `The policy "${name}" is built in and can't be deleted; update it instead.`;
      return refuse('FAILED_PRECONDITION', message);
    }
    const users = referrers(state, 'policy', name);
    if (users.length > 0) return refuseReferenced('policy', name, users);
    return decide(state, [{ op: 'delete', kind: 'policy', name }]);
  });
}

function edit(
  name: string,
  expectedRevision: number | undefined,
  change: (stored: Stored<Policy>, state: State) => EditResult,
): Edit {
  const absent = { kind: 'policy', value: completePolicy({ name }) } as const;
  return (state) => editStored(absent, state, ({ policies }) => policies, expectedRevision, change);
}

function merge(stored: Policy, draft: Policy, has: Mask): Policy {
  const from = (path: string) => (has(path) ? draft : stored);
  const { connectionLog } = from('connection_log.one_in');
  return {
    name: stored.name,
    strategy: from('strategy').strategy,
    healthCheck: {
      type: from('health_check.type').healthCheck.type,
      intervalMs: from('health_check.interval').healthCheck.intervalMs,
      timeoutMs: from('health_check.timeout').healthCheck.timeoutMs,
      healthyThreshold: from('health_check.healthy_threshold').healthCheck.healthyThreshold,
      unhealthyThreshold: from('health_check.unhealthy_threshold').healthCheck.unhealthyThreshold,
    },
    connect: {
      timeoutMs: from('connect.timeout').connect.timeoutMs,
      retries: from('connect.retries').connect.retries,
    },
    timeouts: {
      idleMs: from('timeouts.idle').timeouts.idleMs,
      halfClosedMs: from('timeouts.half_closed').timeouts.halfClosedMs,
    },
    drainTimeoutMs: from('drain_timeout').drainTimeoutMs,
    ...(connectionLog && { connectionLog }),
  };
}
