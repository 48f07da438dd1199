/** Policies ⇄ the wire, by a table of their fields: what a draft leaves out is unset, and the other way round. */
import { completePolicy, type PolicyDraft } from '../model/draft.ts';
import {
  HEALTH_CHECK_TYPES,
  ON_UNHEALTHY,
  type Policy,
  STRATEGIES,
  WHEN_NONE_HEALTHY,
} from '../model/resources.ts';
import type { Violation } from '../model/violation.ts';
import { durationFromWire, durationToWire } from './duration-codec.ts';
import { wordFromWire, wordToWire } from './enum-codec.ts';
import type { Connect } from './generated/lb/v1/Connect.ts';
import type { ConnectionLog } from './generated/lb/v1/ConnectionLog.ts';
import type { HealthCheck } from './generated/lb/v1/HealthCheck.ts';
import type { HttpCheck } from './generated/lb/v1/HttpCheck.ts';
import type { Policy as WirePolicy, Policy__Output } from './generated/lb/v1/Policy.ts';
import type { ScriptStep__Output } from './generated/lb/v1/ScriptStep.ts';
import type { Timeouts } from './generated/lb/v1/Timeouts.ts';
import type { TlsCheck } from './generated/lb/v1/TlsCheck.ts';

/** How a field travels; `never` because each takes values of its own type, and the tables say which is where. */
interface Field {
  /** What the name in the model has at its end. */
  readonly suffix?: 'Ms';
  readonly toWire: (value: never) => unknown;
  /** Undefined for what is unset. */
  readonly fromWire: (value: never, path: string, violations: Violation[]) => unknown;
}

/** A message has a synthetic name for each optional field. */
type FieldsOf<Wire> = { readonly [Name in Exclude<keyof Wire, `_${string}`>]-?: Field };

const itself = (value: unknown) => value;
const unlessEmpty = (items: readonly unknown[]) => (items.length > 0 ? items : undefined);

const VALUE: Field = { toWire: itself, fromWire: itself };
const DURATION: Field = { suffix: 'Ms', toWire: durationToWire, fromWire: durationFromWire };
const LIST: Field = { toWire: itself, fromWire: unlessEmpty };
/** A step that names nothing is left for validation to refuse. */
const STEPS: Field = {
  toWire: itself,
  fromWire: (steps: ScriptStep__Output[]) =>
    unlessEmpty(steps.map((step) => (step.step === undefined ? {} : { [step.step]: step[step.step] }))),
};
const word = (prefix: string, words: readonly string[]): Field => ({
  toWire: (value: string) => wordToWire(prefix, value),
  fromWire: (value: string, path, violations) => wordFromWire(prefix, words, value, path, violations),
});

function message<Wire>(fields: FieldsOf<Wire>): Field {
  const entries = Object.entries<Field>(fields).map(([name, field]) => ({
    name,
    field,
    inModel: `${name}${field.suffix ?? ''}`,
    inPaths: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  }));
  return {
    toWire: (value: Record<string, unknown>) =>
      Object.fromEntries(
        entries.flatMap(({ name, inModel, field }) =>
          value[inModel] === undefined ? [] : [[name, field.toWire(value[inModel] as never)]],
        ),
      ),
    fromWire: (wire: Record<string, unknown>, path, violations) =>
      Object.fromEntries(
        entries.flatMap(({ name, inModel, inPaths, field }) => {
          const set = wire[name] ?? undefined;
          const value =
            set === undefined ? set : field.fromWire(set as never, `${path}.${inPaths}`, violations);
          return value === undefined ? [] : [[inModel, value]];
        }),
      ),
  };
}

const POLICY = message<Omit<WirePolicy, 'revision'>>({
  name: VALUE,
  strategy: word('STRATEGY', STRATEGIES),
  healthCheck: message<HealthCheck>({
    type: word('TYPE', HEALTH_CHECK_TYPES),
    interval: DURATION,
    timeout: DURATION,
    healthyThreshold: VALUE,
    unhealthyThreshold: VALUE,
    port: VALUE,
    http: message<HttpCheck>({ method: VALUE, path: VALUE, host: VALUE, status: LIST, body: VALUE }),
    tls: message<TlsCheck>({ serverName: VALUE, verify: VALUE, ca: VALUE }),
    script: STEPS,
    unhealthyInterval: DURATION,
  }),
  connect: message<Connect>({ timeout: DURATION, retries: VALUE }),
  timeouts: message<Timeouts>({ idle: DURATION, halfClosed: DURATION }),
  drainTimeout: DURATION,
  connectionLog: message<ConnectionLog>({ oneIn: VALUE }),
  whenNoneHealthy: word('WHEN_NONE_HEALTHY', WHEN_NONE_HEALTHY),
  onUnhealthy: word('ON_UNHEALTHY', ON_UNHEALTHY),
  slowStart: DURATION,
  maxLifetime: DURATION,
  expectHealthy: VALUE,
});

export function policyDraftToWire(draft: PolicyDraft, revision = 0): WirePolicy {
  return { ...(POLICY.toWire(draft as never) as WirePolicy), revision: String(revision) };
}

export function policyDraftFromWire(
  wire: Policy__Output,
  path: string,
  violations: Violation[],
): PolicyDraft {
  return POLICY.fromWire(wire as never, path, violations) as PolicyDraft;
}

/** A policy as a control plane sends it, with every field set; one that is unset gets its default. */
export function policyFromWire(wire: Policy__Output, path: string, violations: Violation[]): Policy {
  return completePolicy(policyDraftFromWire(wire, path, violations));
}
