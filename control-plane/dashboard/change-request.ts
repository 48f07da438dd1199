/** Validates the JSON of a change, because the wire format would silently turn anything unknown into zeros. Pure. */
import { BACKEND_STATES, STRATEGIES } from '../../core/model/resources.ts';
import type { Violation } from '../../core/model/violation.ts';
import { wordToWire } from '../../core/wire/enum-codec.ts';

/** Adds violations unless the value has the right shape. `at`: its path in the request; empty: the request itself. */
type Check = (value: unknown, at: string, violations: Violation[]) => void;
type Checks = Readonly<Record<string, Check>>;

const MAX_WHOLE = 2 ** 32 - 1;

const text = must('be text', (value) => typeof value === 'string');
const yesOrNo = must('be true or false', (value) => typeof value === 'boolean');
const wholeNumber = must(
  'be a whole number, 0 or more',
  (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_WHOLE,
);
/** A revision: it has 64 bits, so it is sent as text. */
const digits = must('be digits', (value) => typeof value === 'string' && /^\d{1,15}$/.test(value));
const state = oneOf(BACKEND_STATES.map((word) => wordToWire('BACKEND_STATE', word)));
const strategy = oneOf(STRATEGIES.map((word) => wordToWire('STRATEGY', word)));

const CHANGE_FIELDS = { requestId: text, author: text, message: text, dryRun: yesOrNo, force: yesOrNo };
const updateMask = object({ paths: list(text) });

/** The changing methods that the dashboard may call, with their fields. */
const CHANGES: Checks = {
  AddBackends: change({ pool: text, backends: list(object({ address: text, weight: wholeNumber })) }),
  RemoveBackends: change({ pool: text, addresses: list(text) }),
  UpdateBackend: change({
    pool: text,
    backend: object({ address: text, weight: wholeNumber, state, revision: digits }),
  }),
  UpdatePool: change({ pool: object({ name: text, policy: text, revision: digits }), updateMask }),
  UpdatePolicy: change({ policy: object({ name: text, strategy, revision: digits }), updateMask }),
  Rollback: change({ revision: digits }),
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
  const check = typeof method === 'string' && Object.hasOwn(CHANGES, method) ? CHANGES[method] : undefined;
  if (typeof method !== 'string' || check === undefined) {
    const description = `must be one of ${Object.keys(CHANGES).join(', ')}`;
    violations.push({ field: 'method', description });
    return null;
  }
  check(request, '', violations);
  if (shown !== undefined) digits(shown, 'shown', violations);
  if (violations.length > 0) return null;
  return { method, request: request as object, shown: shown === undefined ? null : Number(shown) };
}

function must(description: string, fits: (value: unknown) => boolean): Check {
  return (value, field, violations) => {
    if (!fits(value)) violations.push({ field, description: `must ${description}` });
  };
}

function oneOf(words: readonly string[]): Check {
  return must(`be one of ${words.join(', ')}`, (value) => typeof value === 'string' && words.includes(value));
}

function list(check: Check): Check {
  const isList = must('be a list', Array.isArray);
  return (value, at, violations) => {
    isList(value, at, violations);
    if (Array.isArray(value)) value.forEach((item, index) => check(item, `${at}[${index}]`, violations));
  };
}

function object(checks: Checks): Check {
  const known = Object.keys(checks).join(', ');
  return (value, at, violations) => {
    if (!isObject(value)) return void violations.push({ field: at, description: 'must be an object' });
    for (const [name, inner] of Object.entries(value)) {
      const field = at === '' ? name : `${at}.${name}`;
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
      if (check !== undefined) check(inner, field, violations);
      else violations.push({ field, description: `is not a known field; the fields are ${known}` });
    }
  };
}

function change(checks: Checks): Check {
  return object({ ...CHANGE_FIELDS, ...checks });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
