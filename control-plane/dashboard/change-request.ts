/** Validates the JSON of a change, because the wire format would silently turn anything unknown into zeros. Pure. */
import { BACKEND_STATES, STRATEGIES } from '../../core/model/resources.ts';
import type { Violation } from '../../core/model/violation.ts';
import { wordToWire } from '../../core/wire/enum-codec.ts';

type Shape =
  | 'text'
  | 'whole number'
  | 'yes or no'
  /** A revision: it has 64 bits, so it is sent as text. */
  | 'digits'
  | { readonly oneOf: readonly string[] }
  | { readonly list: Shape }
  | { readonly fields: Fields };
type Fields = Readonly<Record<string, Shape>>;

const MAX_WHOLE = 2 ** 32 - 1;

const CHANGE_FIELDS: Fields = {
  requestId: 'text',
  author: 'text',
  message: 'text',
  dryRun: 'yes or no',
  force: 'yes or no',
};
const MASK: Shape = { fields: { paths: { list: 'text' } } };
const STATE: Shape = { oneOf: BACKEND_STATES.map((state) => wordToWire('BACKEND_STATE', state)) };
const STRATEGY: Shape = { oneOf: STRATEGIES.map((strategy) => wordToWire('STRATEGY', strategy)) };
const NEW_BACKEND: Shape = { fields: { address: 'text', weight: 'whole number' } };
const BACKEND: Shape = {
  fields: { address: 'text', weight: 'whole number', state: STATE, revision: 'digits' },
};

/** The changing methods that the dashboard may call, with their fields. */
const CHANGES: Readonly<Record<string, Fields>> = {
  AddBackends: { ...CHANGE_FIELDS, pool: 'text', backends: { list: NEW_BACKEND } },
  RemoveBackends: { ...CHANGE_FIELDS, pool: 'text', addresses: { list: 'text' } },
  UpdateBackend: { ...CHANGE_FIELDS, pool: 'text', backend: BACKEND },
  UpdatePool: {
    ...CHANGE_FIELDS,
    pool: { fields: { name: 'text', policy: 'text', revision: 'digits' } },
    updateMask: MASK,
  },
  UpdatePolicy: {
    ...CHANGE_FIELDS,
    policy: { fields: { name: 'text', strategy: STRATEGY, revision: 'digits' } },
    updateMask: MASK,
  },
  Rollback: { ...CHANGE_FIELDS, revision: 'digits' },
};

export interface ChangeRequest {
  readonly method: string;
  readonly request: object;
  /** The newest revision when the page showed the preview; null: it does not matter. */
  readonly shown: number | null;
}

/** Returns null, and adds violations, if this is not a change that the dashboard may make. */
export function readChange(body: unknown, violations: Violation[]): ChangeRequest | null {
  const { method, request, shown } = isObject(body) ? body : {};
  if (typeof method !== 'string' || !Object.hasOwn(CHANGES, method)) {
    const description = `must be one of ${Object.keys(CHANGES).join(', ')}`;
    violations.push({ field: 'method', description });
    return null;
  }
  check(request, { fields: CHANGES[method] ?? {} }, '', violations);
  if (shown !== undefined) check(shown, 'digits', 'shown', violations);
  if (violations.length > 0) return null;
  return { method, request: request as object, shown: shown === undefined ? null : Number(shown) };
}

function check(value: unknown, shape: Shape, at: string, violations: Violation[]): void {
  if (typeof shape === 'object' && 'fields' in shape) {
    return checkFields(value, shape.fields, at, violations);
  }
  if (typeof shape === 'object' && 'list' in shape) {
    if (!Array.isArray(value)) return wrong('must be a list', at, violations);
    return value.forEach((item, index) => check(item, shape.list, `${at}[${index}]`, violations));
  }
  if (!fits(value, shape)) wrong(`must be ${describeShape(shape)}`, at, violations);
}

function checkFields(value: unknown, fields: Fields, at: string, violations: Violation[]): void {
  if (!isObject(value)) return wrong('must be an object', at, violations);
  for (const [name, inner] of Object.entries(value)) {
    const field = at === '' ? name : `${at}.${name}`;
    const shape = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (shape !== undefined) check(inner, shape, field, violations);
    else wrong(`is not a known field; the fields are ${Object.keys(fields).join(', ')}`, field, violations);
  }
}

type Leaf = Exclude<Shape, { readonly list: Shape } | { readonly fields: Fields }>;

function fits(value: unknown, shape: Leaf): boolean {
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'yes or no') return typeof value === 'boolean';
  if (shape === 'digits') return typeof value === 'string' && /^\d{1,15}$/.test(value);
  if (shape === 'whole number')
    return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_WHOLE;
  return typeof value === 'string' && shape.oneOf.includes(value);
}

function describeShape(shape: Leaf): string {
  if (typeof shape === 'object') return `one of ${shape.oneOf.join(', ')}`;
  if (shape === 'whole number') return 'a whole number, 0 or more';
  return shape === 'yes or no' ? 'true or false' : shape;
}

function wrong(description: string, field: string, violations: Violation[]): void {
  violations.push({ field, description });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
