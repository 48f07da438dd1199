/** Policies ⇄ the wire. */
import { completePolicy, type PolicyDraft } from '../model/draft.ts';
import { HEALTH_CHECK_TYPES, type HealthCheck, type Policy, STRATEGIES } from '../model/resources.ts';
import type { Violation } from '../model/violation.ts';
import { durationFromWire, durationToWire } from './duration-codec.ts';
import { wordFromWire, wordToWire } from './enum-codec.ts';
import type { HealthCheck as WireHealthCheck, HealthCheck__Output } from './generated/lb/v1/HealthCheck.ts';
import type { Policy as WirePolicy, Policy__Output } from './generated/lb/v1/Policy.ts';

/** Fields that the draft leaves out are unset. */
export function policyDraftToWire(draft: PolicyDraft, revision = 0): WirePolicy {
  const { healthCheck, connect, timeouts } = draft;
  return {
    name: draft.name,
    ...(draft.strategy && { strategy: wordToWire('STRATEGY', draft.strategy) }),
    ...(healthCheck && { healthCheck: healthCheckToWire(healthCheck) }),
    ...(connect && {
      connect: {
        ...(connect.timeoutMs !== undefined && { timeout: durationToWire(connect.timeoutMs) }),
        ...(connect.retries !== undefined && { retries: connect.retries }),
      },
    }),
    ...(timeouts && {
      timeouts: {
        ...(timeouts.idleMs !== undefined && { idle: durationToWire(timeouts.idleMs) }),
        ...(timeouts.halfClosedMs !== undefined && { halfClosed: durationToWire(timeouts.halfClosedMs) }),
      },
    }),
    ...(draft.drainTimeoutMs !== undefined && { drainTimeout: durationToWire(draft.drainTimeoutMs) }),
    ...(draft.connectionLog?.oneIn !== undefined && { connectionLog: { oneIn: draft.connectionLog.oneIn } }),
    revision: String(revision),
  };
}

function healthCheckToWire(check: Partial<HealthCheck>): WireHealthCheck {
  return {
    ...(check.type && { type: wordToWire('TYPE', check.type) }),
    ...(check.intervalMs !== undefined && { interval: durationToWire(check.intervalMs) }),
    ...(check.timeoutMs !== undefined && { timeout: durationToWire(check.timeoutMs) }),
    ...(check.healthyThreshold !== undefined && { healthyThreshold: check.healthyThreshold }),
    ...(check.unhealthyThreshold !== undefined && { unhealthyThreshold: check.unhealthyThreshold }),
  };
}

/** Fields that are unset are left out of the draft. */
export function policyDraftFromWire(
  wire: Policy__Output,
  path: string,
  violations: Violation[],
): PolicyDraft {
  const strategy = wordFromWire('STRATEGY', STRATEGIES, wire.strategy, `${path}.strategy`, violations);
  const { connect, timeouts } = wire;
  return {
    name: wire.name,
    ...(strategy && { strategy }),
    ...(wire.healthCheck && { healthCheck: healthCheckFromWire(wire.healthCheck, path, violations) }),
    ...(connect && {
      connect: {
        ...(connect.timeout && { timeoutMs: durationFromWire(connect.timeout) }),
        ...(connect.retries !== undefined && { retries: connect.retries }),
      },
    }),
    ...(timeouts && {
      timeouts: {
        ...(timeouts.idle && { idleMs: durationFromWire(timeouts.idle) }),
        ...(timeouts.halfClosed && { halfClosedMs: durationFromWire(timeouts.halfClosed) }),
      },
    }),
    ...(wire.drainTimeout && { drainTimeoutMs: durationFromWire(wire.drainTimeout) }),
    ...(wire.connectionLog?.oneIn !== undefined && { connectionLog: { oneIn: wire.connectionLog.oneIn } }),
  };
}

function healthCheckFromWire(
  wire: HealthCheck__Output,
  path: string,
  violations: Violation[],
): Partial<HealthCheck> {
  const type = wordFromWire('TYPE', HEALTH_CHECK_TYPES, wire.type, `${path}.health_check.type`, violations);
  return {
    ...(type && { type }),
    ...(wire.interval && { intervalMs: durationFromWire(wire.interval) }),
    ...(wire.timeout && { timeoutMs: durationFromWire(wire.timeout) }),
    ...(wire.healthyThreshold !== undefined && { healthyThreshold: wire.healthyThreshold }),
    ...(wire.unhealthyThreshold !== undefined && { unhealthyThreshold: wire.unhealthyThreshold }),
  };
}

/** A policy as a control plane sends it, with every field set; one that is unset gets its default. */
export function policyFromWire(wire: Policy__Output, path: string, violations: Violation[]): Policy {
  return completePolicy(policyDraftFromWire(wire, path, violations));
}
