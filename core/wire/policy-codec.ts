/** Policies ⇄ the wire. */
import { completePolicy, type PolicyDraft } from '../model/draft.ts';
import { POLICY_FIELDS } from '../model/policy/policy-fields.ts';
import type { Policy } from '../model/resources.ts';
import type { Violation } from '../model/violation.ts';
import { messageFromWire, messageToWire } from './field-codec.ts';
import type { Policy as WirePolicy, Policy__Output } from './generated/lb/v1/Policy.ts';

export function policyDraftToWire(draft: PolicyDraft, revision = 0): WirePolicy {
  const { name, ...fields } = draft;
  return { name, ...messageToWire(POLICY_FIELDS, fields), revision: String(revision) };
}

export function policyDraftFromWire(
  wire: Policy__Output,
  path: string,
  violations: Violation[],
): PolicyDraft {
  const fields = messageFromWire(POLICY_FIELDS, { ...wire }, path, violations);
  return { name: wire.name, ...fields };
}

/** A policy as a control plane sends it, with every field set; one that is unset gets its default. */
export function policyFromWire(wire: Policy__Output, path: string, violations: Violation[]): Policy {
  return completePolicy(policyDraftFromWire(wire, path, violations));
}
