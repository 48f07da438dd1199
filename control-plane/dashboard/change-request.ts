/**
 * Validates the JSON of a change against the API's own messages, because the wire format would silently turn anything
 * unknown into zeros. Names may be in snake case, durations are text such as `5s`, and enum values may be words. Pure.
 */
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { parseDuration } from '../../core/model/duration.ts';
import type { Violation } from '../../core/model/violation.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import { durationToWire } from '../../core/wire/duration-codec.ts';

/** The changing methods that the dashboard may call; each takes the message METHODRequest. */
const METHODS = [
  ...['Pool', 'Listener', 'Policy'].flatMap((kind) => [`Create${kind}`, `Update${kind}`, `Delete${kind}`]),
  'AddBackends',
  'RemoveBackends',
  'UpdateBackend',
  'Rollback',
  'DeleteProxy',
];
const MAX_WHOLE = 2 ** 32 - 1;

export interface ChangeRequest {
  readonly method: string;
  readonly request: object;
  /** The newest revision when the page showed the preview; null: it does not matter. */
  readonly shown: number | null;
}

/**
 * Adds violations of what can't be read, and answers the rest of the change; null: it is none that the dashboard may make.
 */
export function readChange(body: unknown, violations: Violation[]): ChangeRequest | null {
  const { method, request, shown } = isObject(body) ? body : {};
  if (typeof method !== 'string' || !METHODS.includes(method)) {
    violations.push({ field: 'method', description: `must be one of ${METHODS.join(', ')}` });
    return null;
  }
  const read = readMessage(`lb.v1.${method}Request`, request, '', violations) ?? {};
  if (shown !== undefined) readDigits(shown, 'shown', violations);
  return { method, request: read, shown: shown === undefined ? null : Number(shown) };
}

/** The part of a message's description (google.protobuf.DescriptorProto) that is needed here. */
interface Message {
  readonly field: readonly Field[];
  readonly enumType: readonly Enum[];
}
interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
}
interface Enum {
  readonly name: string;
  readonly value: readonly { readonly name: string }[];
}

function described<T>(name: string): T | undefined {
  const definition = loadDefinitions().packageDefinition[name] as MessageTypeDefinition<object, object>;
  return definition?.type as T | undefined;
}

/** `at`: the path of the value in the request; empty: the request itself. Undefined, like below: it can't be read. */
function readMessage(type: string, value: unknown, at: string, violations: Violation[]): object | undefined {
  const message = described<Message>(type);
  if (message === undefined) throw new TypeError(`there is no message ${type}`);
  if (!isObject(value)) {
    violations.push({ field: at, description: 'must be an object' });
    return undefined;
  }
  const read = Object.entries(value).map(([written, inner]) => {
    const path = at === '' ? written : `${at}.${written}`;
    const name = written.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const field = message.field.find((one) => one.name === name);
    if (field !== undefined) return [name, readField(field, message, inner, path, violations)] as const;
    const known = message.field.map((one) => one.name).join(', ');
    violations.push({ field: path, description: `is not a known field; the fields are ${known}` });
    return [name, undefined] as const;
  });
  return Object.fromEntries(read);
}

function readField(field: Field, message: Message, value: unknown, at: string, violations: Violation[]) {
  if (field.label !== 'LABEL_REPEATED') return readOne(field, message, value, at, violations);
  if (Array.isArray(value)) {
    const items = value.map((item, index) => readOne(field, message, item, `${at}[${index}]`, violations));
    return items.filter((item) => item !== undefined);
  }
  violations.push({ field: at, description: 'must be a list' });
  return undefined;
}

function readOne(field: Field, message: Message, value: unknown, at: string, violations: Violation[]) {
  const { type, typeName } = field;
  const need = (fits: boolean, description: string) => {
    if (fits) return value;
    violations.push({ field: at, description: `must ${description}` });
    return undefined;
  };
  if (type === 'TYPE_MESSAGE') return readInner(typeName, value, at, violations);
  if (type === 'TYPE_ENUM') return readWord(typeName, message, value, at, violations);
  if (type === 'TYPE_STRING') return need(typeof value === 'string', 'be text');
  if (type === 'TYPE_BOOL') return need(typeof value === 'boolean', 'be true or false');
  if (type === 'TYPE_INT64') return readDigits(value, at, violations);
  const whole = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_WHOLE;
  return need(whole, 'be a whole number, 0 or more');
}

function readInner(typeName: string, value: unknown, at: string, violations: Violation[]) {
  if (typeName !== 'google.protobuf.Duration') {
    return readMessage(typeName.includes('.') ? typeName : `lb.v1.${typeName}`, value, at, violations);
  }
  const parsed = parseDuration(typeof value === 'string' ? value : '');
  if (parsed.ok) return durationToWire(parsed.ms);
  violations.push({ field: at, description: parsed.description });
  return undefined;
}

/** `round_robin`, or `STRATEGY_ROUND_ROBIN`. */
function readWord(type: string, { enumType }: Message, value: unknown, at: string, violations: Violation[]) {
  const found = enumType.find(({ name }) => name === type) ?? described<Enum>(`lb.v1.${type}`);
  const [unspecified = '', ...names] = (found?.value ?? []).map(({ name }) => name);
  const prefix = unspecified.replace(/UNSPECIFIED$/, '');
  const name = names.find((one) => one === value || one === `${prefix}${String(value).toUpperCase()}`);
  if (name !== undefined) return name;
  const words = names.map((one) => one.slice(prefix.length).toLowerCase());
  violations.push({ field: at, description: `must be one of ${words.join(', ')}` });
  return undefined;
}

/** A revision: it has 64 bits, so it is sent as text. */
function readDigits(value: unknown, field: string, violations: Violation[]): unknown {
  if (typeof value === 'string' && /^\d{1,15}$/.test(value)) return value;
  violations.push({ field, description: 'must be digits' });
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
