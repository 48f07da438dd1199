/**
 * What manifests look like: each field with its name in the model, in the order in which it is written. The one table
 * that reading, writing, differences and the flags of `set policy` are derived from.
 */
import { BACKEND_STATES, HEALTH_CHECK_TYPES, STRATEGIES } from '../../core/model/resources.ts';

export type Shape =
  | { readonly type: 'text' }
  /** Whole milliseconds in the model. */
  | { readonly type: 'duration' }
  | { readonly type: 'count' }
  | { readonly type: 'word'; readonly words: readonly string[] }
  | { readonly type: 'list'; readonly item: ObjectShape }
  | ObjectShape;

export interface ObjectShape {
  readonly type: 'object';
  /** What one is called in an error: "a backend". */
  readonly what: string;
  readonly fields: Readonly<Record<string, Field>>;
  /** The field that names one among its like. */
  readonly key?: string;
}

export interface Field {
  /** Its name in the model. */
  readonly as: string;
  readonly shape: Shape;
  readonly required?: true;
}

const text = (as: string): Field => ({ as, shape: { type: 'text' } });
const requiredText = (as: string): Field => ({ as, shape: { type: 'text' }, required: true });
const duration = (as: string): Field => ({ as, shape: { type: 'duration' } });
const count = (as: string): Field => ({ as, shape: { type: 'count' } });
const word = (as: string, words: readonly string[]): Field => ({ as, shape: { type: 'word', words } });

const POLICY: ObjectShape = {
  type: 'object',
  what: 'a policy',
  key: 'name',
  fields: {
    name: requiredText('name'),
    strategy: word('strategy', STRATEGIES),
    health_check: {
      as: 'healthCheck',
      shape: {
        type: 'object',
        what: 'a health check',
        fields: {
          type: word('type', HEALTH_CHECK_TYPES),
          interval: duration('intervalMs'),
          timeout: duration('timeoutMs'),
          healthy_threshold: count('healthyThreshold'),
          unhealthy_threshold: count('unhealthyThreshold'),
        },
      },
    },
    connect: {
      as: 'connect',
      shape: {
        type: 'object',
        what: 'what connects',
        fields: { timeout: duration('timeoutMs'), retries: count('retries') },
      },
    },
    timeouts: {
      as: 'timeouts',
      shape: {
        type: 'object',
        what: 'the timeouts',
        fields: { idle: duration('idleMs'), half_closed: duration('halfClosedMs') },
      },
    },
    drain_timeout: duration('drainTimeoutMs'),
    connection_log: {
      as: 'connectionLog',
      shape: { type: 'object', what: 'the connection log', fields: { one_in: count('oneIn') } },
    },
  },
};

export const BACKEND: ObjectShape = {
  type: 'object',
  what: 'a backend',
  key: 'address',
  fields: {
    address: requiredText('address'),
    weight: count('weight'),
    state: word('state', BACKEND_STATES),
  },
};

const POOL: ObjectShape = {
  type: 'object',
  what: 'a pool',
  key: 'name',
  fields: {
    name: requiredText('name'),
    policy: text('policy'),
    backends: { as: 'backends', shape: { type: 'list', item: BACKEND } },
  },
};

const LISTENER: ObjectShape = {
  type: 'object',
  what: 'a listener',
  key: 'name',
  fields: { name: requiredText('name'), address: requiredText('address'), pool: requiredText('pool') },
};

export type ManifestKind = 'policy' | 'pool' | 'listener';

/** By the word that a manifest's `kind` says, in the order in which an export lists them. */
export const KINDS: Readonly<
  Record<string, { readonly kind: ManifestKind; readonly plural: string; readonly shape: ObjectShape }>
> = {
  Policy: { kind: 'policy', plural: 'policies', shape: POLICY },
  Pool: { kind: 'pool', plural: 'pools', shape: POOL },
  Listener: { kind: 'listener', plural: 'listeners', shape: LISTENER },
};

export const SHAPES: Readonly<Record<ManifestKind, { readonly word: string; readonly shape: ObjectShape }>> =
  {
    policy: { word: 'Policy', shape: POLICY },
    pool: { word: 'Pool', shape: POOL },
    listener: { word: 'Listener', shape: LISTENER },
  };
