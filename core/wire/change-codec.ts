/** The changes of a commit ⇄ the wire. */
import type { Difference, Revised } from '../model/difference.ts';
import type { Violation } from '../model/violation.ts';
import { wordFromWire, wordToWire } from './enum-codec.ts';
import type { Resource__Output } from './generated/lb/v1/Resource.ts';
import type { ResourceChange, ResourceChange__Output } from './generated/lb/v1/ResourceChange.ts';
import { resourceFromWire, resourceToWire } from './resource-codec.ts';

const ACTIONS = ['created', 'updated', 'deleted'] as const;

export function differenceToWire({ action, kind, name, before, after }: Difference): ResourceChange {
  return {
    action: wordToWire('ACTION', action),
    kind,
    name,
    ...(before && { before: resourceToWire(before.resource, before.revision) }),
    ...(after && { after: resourceToWire(after.resource, after.revision) }),
  };
}

/** Undefined, with a violation, when a newer server sends something that this program does not know. */
export function differenceFromWire(
  wire: ResourceChange__Output,
  violations: Violation[],
): Difference | undefined {
  const at = `${wire.kind}/${wire.name}`;
  const action = wordFromWire('ACTION', ACTIONS, wire.action, at, violations);
  const before = wire.before && revisedFromWire(wire.before, at, violations);
  const after = wire.after && revisedFromWire(wire.after, at, violations);
  const kind = (after ?? before)?.resource.kind;
  if (action === undefined || kind === undefined) return undefined;
  return { action, kind, name: wire.name, ...(before && { before }), ...(after && { after }) };
}

function revisedFromWire(wire: Resource__Output, at: string, violations: Violation[]): Revised | undefined {
  const resource = resourceFromWire(wire, at, violations);
  const revision = (wire.policy ?? wire.pool ?? wire.listener ?? wire.backend?.backend)?.revision;
  return resource && { resource, revision: Number(revision ?? 0) };
}
