/**
 * The interface of a balancing strategy. One strategy per file; registry.ts lists them all.
 *
 * Candidates are numbered 0..n-1 in the plan's order (sorted by address, so every proxy has the same numbers).
 * `pick` reserves: when it returns, the candidate has one open connection more, which `release` takes back exactly once.
 * No I/O, no clock, no allocation in `pick`.
 */
import type { Random } from '../../core/runtime/random.ts';
import type { HostTables } from './host-tables.ts';

/** Returned by `pick` when no candidate is eligible and untried. */
export const NO_BACKEND = -1;

/** What a strategy can know about a pool's backends. Reads are live: eligibility changes between two picks. */
export interface Candidates {
  readonly count: number;
  /** A whole number up to 10,000, in proportion to the others: less than configured while a backend starts slowly. */
  weight(candidate: number): number;
  /** Whether it may get a new connection now: by its weight, its state, its health, and the tier that serves. */
  eligible(candidate: number): boolean;
  /**
   * Grows whenever the answer of `eligible` or `weight` may have changed for any candidate, so that a strategy can keep a
   * list of eligible ones and rebuild it only then.
   */
  epoch(): number;
  /** Open connections over all workers of this proxy. */
  open(candidate: number): number;
  /** Adds one open connection, unless another worker has just taken the last that it may have. */
  reserve(candidate: number): void;
  /** Subtracts one open connection. */
  unreserve(candidate: number): void;
}

/** What a strategy can know about the connection to pick for. One object is reused for all picks. */
export interface PickRequest {
  /** 32-bit hash of the client's IP address (not its port): see core/model/source-hash.ts. */
  sourceHash: number;
  /** Milliseconds, monotonic. */
  nowMs: number;
}

/** The candidates that this connection can't have: it has tried them already, or they are full. */
export interface Tried {
  has(candidate: number): boolean;
  /** No candidate is in it, so `has` need not be asked. */
  readonly isEmpty: boolean;
}

export interface Balancer {
  /** An eligible candidate that is not in `tried`, reserved; NO_BACKEND when there is none. */
  pick(request: PickRequest, tried: Tried): number;
  /** Gives back what `pick` reserved. */
  release(candidate: number): void;
  /** A connect took `connectMs`. Only for strategies that measure. */
  connected?(candidate: number, connectMs: number, nowMs: number): void;
  /** A connect failed after `connectMs`. Only for strategies that measure. */
  connectFailed?(candidate: number, connectMs: number, nowMs: number): void;
}

export interface BalancerInputs {
  readonly candidates: Candidates;
  readonly random: Random;
  /** One cell that all workers share, for round robin: whose turn it is. */
  readonly turn: Int32Array;
  /** Only for source_hash. Built once per plan, off the workers. */
  readonly hosts: HostTables | null;
  /**
   * The pool's balancer of the plan before, and the new numbers of its candidates (`moved[old]` is the new number or
   * NO_BACKEND): lets the EWMAs keep their state when the plan changes.
   */
  readonly previous: { readonly balancer: Balancer; readonly moved: Int32Array } | null;
}

export type BalancerFactory = (inputs: BalancerInputs) => Balancer;
