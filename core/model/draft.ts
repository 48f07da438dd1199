/**
 * Drafts: resources as somebody asked for them, with fields left out. complete.ts fills the defaults in.
 * Addresses and names are not checked yet: validate.ts does that on the completed value.
 */
import type { Backend, BackendState, HealthCheck, Listener, Policy, Strategy } from './resources.ts';

export interface PolicyDraft {
  readonly name: string;
  readonly strategy?: Strategy;
  readonly healthCheck?: Partial<HealthCheck>;
  readonly connect?: Partial<Policy['connect']>;
  readonly timeouts?: Partial<Policy['timeouts']>;
  readonly drainTimeoutMs?: number;
  readonly connectionLog?: { readonly oneIn?: number };
}

export interface BackendDraft {
  readonly address: Backend['address'];
  readonly weight?: number;
  /** Left out: the state it has; `active` for a new one. */
  readonly state?: BackendState;
}

export interface PoolDraft {
  readonly name: string;
  readonly policy?: string;
  readonly backends: readonly BackendDraft[];
}

export type ListenerDraft = Listener;

export type ResourceDraft =
  | { readonly kind: 'policy'; readonly value: PolicyDraft }
  | { readonly kind: 'pool'; readonly value: PoolDraft }
  | { readonly kind: 'listener'; readonly value: ListenerDraft };
