/**
 * Apply: each resource of the request is replaced whole, all in one commit or none. Others stay, unless `prune` is set.
 * A backend that exists keeps its state where the draft leaves the state out, since that belongs to operation.
 */
import type { Change } from '../commit.ts';
import { completeListener, completePolicy, type ResourceDraft } from '../draft.ts';
import { DEFAULT_POLICY_NAME } from '../defaults.ts';
import type { Edit } from './edit.ts';
import type { Kind } from '../resources.ts';
import type { State } from '../state.ts';
import type { Violation } from '../violation.ts';
import { decide, put, refuse, refuseBoth } from './decide.ts';
import { repeatedBackends, replacePool } from './replace-pool.ts';

export interface ApplyOptions {
  /** Delete resources that the request leaves out; the policy `default` gets its delivered values back. */
  readonly prune: boolean;
  /** Refuse unless this is the current revision of the whole configuration. */
  readonly expectedRevision?: number;
}

const PLURALS = { policy: 'policies', pool: 'pools', listener: 'listeners' } as const;

/** The edit that makes the configuration contain exactly these drafts (and, with prune, nothing else). */
export function applyResources(drafts: readonly ResourceDraft[], options: ApplyOptions): Edit {
  return (state) => {
    const { expectedRevision } = options;
    const changes = drafts.flatMap((draft) => replace(draft, state));
    if (options.prune) changes.push(...prune(drafts, state));
    const result = decide(state, changes, repeated(drafts));
    if (expectedRevision === undefined || expectedRevision === state.head.revision) return result;
    const message = `The configuration is at revision ${state.head.revision}, not ${expectedRevision}: somebody changed it meanwhile; compare it with yours, then apply again.`;
    return refuseBoth(refuse('ABORTED', message), result);
  };
}

function replace(draft: ResourceDraft, state: State): Change[] {
  switch (draft.kind) {
    case 'policy': {
      const value = completePolicy(draft.value);
      return put({ kind: 'policy', value }, state.policies.get(value.name));
    }
    case 'pool':
      return replacePool(draft.value, state.pools.get(draft.value.name));
    case 'listener': {
      const value = completeListener(draft.value);
      return put({ kind: 'listener', value }, state.listeners.get(value.name));
    }
  }
}

function prune(drafts: readonly ResourceDraft[], state: State): Change[] {
  const named = new Set(drafts.map(({ kind, value }) => `${kind}/${value.name}`));
  const unnamed = (kind: Kind, names: Iterable<string>): Change[] =>
    [...names].filter((name) => !named.has(`${kind}/${name}`)).map((name) => ({ op: 'delete', kind, name }));
  const builtIn = completePolicy({ name: DEFAULT_POLICY_NAME });
  const wasEdited =
    put({ kind: 'policy', value: builtIn }, state.policies.get(DEFAULT_POLICY_NAME)).length > 0;
  const policies = [...state.policies.keys()].filter((name) => name !== DEFAULT_POLICY_NAME || wasEdited);
  return [
    ...unnamed('listener', state.listeners.keys()),
    ...unnamed('pool', state.pools.keys()),
    ...unnamed('policy', policies),
  ];
}

function repeated(drafts: readonly ResourceDraft[]): Violation[] {
  const seen = new Set<string>();
  const violations: Violation[] = [];
  for (const draft of drafts) {
    const { name } = draft.value;
    const field = `${PLURALS[draft.kind]}[${name}]`;
    if (name !== '' && seen.has(field))
      violations.push({ field, description: 'is given more than once; keep one' });
    seen.add(field);
    if (draft.kind === 'pool') violations.push(...repeatedBackends(name, draft.value.backends));
  }
  return violations;
}
