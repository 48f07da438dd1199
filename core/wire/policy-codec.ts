/** Policies ⇄ the wire, by the table of their fields: what a draft leaves out is unset, and the other way round. */
import { completePolicy, type PolicyDraft } from '../model/draft.ts';
import { modelName, POLICY_FIELDS, type PolicyField } from '../model/policy/policy-fields.ts';
import type { Policy } from '../model/resources.ts';
import type { Violation } from '../model/violation.ts';
import { durationFromWire, durationToWire } from './duration-codec.ts';
import { wordFromWire, wordToWire } from './enum-codec.ts';
import type { Duration__Output } from './generated/google/protobuf/Duration.ts';
import type { Policy as WirePolicy, Policy__Output } from './generated/lb/v1/Policy.ts';
import type { ScriptStep__Output } from './generated/lb/v1/ScriptStep.ts';

type Message = Readonly<Record<string, unknown>>;
type Fields = Readonly<Record<string, PolicyField>>;

function messageToWire(fields: Fields, value: Message): Message {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const inner = value[modelName(name, field.type === 'duration')];
      return inner === undefined ? [] : [[modelName(name, false), fieldToWire(field, inner)]];
    }),
  );
}

function fieldToWire(field: PolicyField, value: unknown): unknown {
  if (field.type === 'group') return messageToWire(field.fields, value as Message);
  if (field.type === 'duration') return durationToWire(value as number);
  return field.type === 'word' ? wordToWire(field.prefix, value as string) : value;
}

function messageFromWire(fields: Fields, wire: Message, path: string, violations: Violation[]): Message {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const set = wire[modelName(name, false)] ?? undefined;
      const value = set === undefined ? set : fieldFromWire(field, set, `${path}.${name}`, violations);
      return value === undefined ? [] : [[modelName(name, field.type === 'duration'), value]];
    }),
  );
}

/** Undefined for what is unset. A step that names nothing is left for validation to refuse. */
function fieldFromWire(field: PolicyField, value: unknown, path: string, violations: Violation[]): unknown {
  switch (field.type) {
    case 'group':
      return messageFromWire(field.fields, value as Message, path, violations);
    case 'duration':
      return durationFromWire(value as Duration__Output);
    case 'word':
      return wordFromWire(field.prefix, field.words, value as string, path, violations);
    case 'statuses':
      return unlessEmpty(value as string[]);
    case 'steps':
      return unlessEmpty(
        (value as ScriptStep__Output[]).map(({ step, ...texts }) => (step ? { [step]: texts[step] } : {})),
      );
    case 'text':
    case 'count':
    case 'flag':
      return value;
  }
}

const unlessEmpty = (items: readonly unknown[]) => (items.length > 0 ? items : undefined);

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
