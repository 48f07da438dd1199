/** What manifests look like: each kind with its fields, by the tables of the model. */
import type { ResourceDraft } from '../../core/model/draft.ts';
import { type Fields, group, type GroupField, list, text } from '../../core/model/fields/field.ts';
import { FIELDS } from '../../core/model/fields/resource-fields.ts';
import { type Plain, plainOf } from '../../core/view/plain.ts';

const shape = (what: string, fields: Fields, required: readonly string[]): GroupField => {
  return { ...group(what, { name: text(), ...fields }), key: 'name', required: ['name', ...required] };
};

const BACKEND = { ...group('a backend', FIELDS.backend), key: 'address', required: ['address'] };
const POOL = { ...FIELDS.pool, backends: list('backends', Infinity, BACKEND) };

/** The word that a manifest has for its `kind`. */
export const KIND_WORDS = { policy: 'Policy', pool: 'Pool', listener: 'Listener' } as const;

/** By that word, in the order in which an export lists them. */
export const SHAPES: Readonly<
  Record<
    string,
    { readonly kind: keyof typeof KIND_WORDS; readonly plural: string; readonly shape: GroupField }
  >
> = {
  Policy: { kind: 'policy', plural: 'policies', shape: shape('a policy', FIELDS.policy, []) },
  Pool: { kind: 'pool', plural: 'pools', shape: shape('a pool', POOL, []) },
  Listener: {
    kind: 'listener',
    plural: 'listeners',
    shape: shape('a listener', FIELDS.listener, ['address']),
  },
};

/** A draft as a manifest has it; what the draft leaves out is left out. */
export function toManifest({ kind, value }: ResourceDraft): Plain {
  return { kind: KIND_WORDS[kind], ...plainOf(value) };
}
