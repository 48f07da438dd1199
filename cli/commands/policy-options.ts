/** The flags of `create policy` and `set policy`, as a draft and as the paths of an update. */
import type { PolicyDraft } from '../../core/model/draft.ts';
import type { HealthCheckType, Strategy } from '../../core/model/resources.ts';

export interface PolicyOptions {
  readonly strategy?: Strategy;
  readonly healthCheck?: HealthCheckType;
  readonly interval?: number;
  readonly checkTimeout?: number;
  readonly healthyThreshold?: number;
  readonly unhealthyThreshold?: number;
  readonly connectTimeout?: number;
  readonly retries?: number;
  readonly idleTimeout?: number;
  readonly halfClosedTimeout?: number;
  readonly drainTimeout?: number;
  readonly logOneIn?: number;
}

/** Where each flag goes: the path on the wire, and the field of the draft. */
const FIELDS: Readonly<Record<keyof PolicyOptions, readonly [path: string, ...field: string[]]>> = {
  strategy: ['strategy', 'strategy'],
  healthCheck: ['health_check.type', 'healthCheck', 'type'],
  interval: ['health_check.interval', 'healthCheck', 'intervalMs'],
  checkTimeout: ['health_check.timeout', 'healthCheck', 'timeoutMs'],
  healthyThreshold: ['health_check.healthy_threshold', 'healthCheck', 'healthyThreshold'],
  unhealthyThreshold: ['health_check.unhealthy_threshold', 'healthCheck', 'unhealthyThreshold'],
  connectTimeout: ['connect.timeout', 'connect', 'timeoutMs'],
  retries: ['connect.retries', 'connect', 'retries'],
  idleTimeout: ['timeouts.idle', 'timeouts', 'idleMs'],
  halfClosedTimeout: ['timeouts.half_closed', 'timeouts', 'halfClosedMs'],
  drainTimeout: ['drain_timeout', 'drainTimeoutMs'],
  logOneIn: ['connection_log.one_in', 'connectionLog', 'oneIn'],
};

/** Only what was given. */
export function policyFields(options: PolicyOptions): {
  readonly draft: Omit<PolicyDraft, 'name'>;
  readonly paths: readonly string[];
} {
  const draft: Record<string, unknown> = {};
  const paths: string[] = [];
  for (const [option, [path, outer = '', inner]] of Object.entries(FIELDS)) {
    const value = options[option as keyof PolicyOptions];
    if (value === undefined) continue;
    paths.push(path);
    draft[outer] = inner === undefined ? value : { ...(draft[outer] as object), [inner]: value };
  }
  return { draft, paths };
}
