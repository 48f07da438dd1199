/** What happens in a proxy, as log lines and as counts. */
import type { Logger } from '../core/runtime/logger.ts';
import type { HealthChange } from './health/health-changes.ts';
import type { Bound, ConnectionLimit } from './host/connection-limit.ts';
import type { ProxyCounts } from './memory/proxy-counts.ts';
import type { WorkerPoolEvents } from './worker/pool/worker-pool.ts';

export function recordHealthChange(change: HealthChange, logger: Logger, counts: ProxyCounts): void {
  if (change.type === 'shortage') {
    const { reason } = change;
    logger.warn({ reason }, 'health checks cannot be made: backends keep the health that they had');
    return;
  }
  const { type, pool } = change;
  if (type === 'panic') {
    const then = change.refuses ? 'new connections are refused' : 'all of them are used';
    if (change.on) logger.warn({ pool }, `no backend passes the check of this pool: ${then}`);
    else logger.info({ pool }, 'a backend passes the check of this pool again');
    return;
  }
  if (type === 'tier') {
    const { from, to } = change;
    const why = to > from ? `nothing of tier ${from} is healthy` : `a backend of tier ${to} is healthy`;
    logger[to > from ? 'warn' : 'info']({ pool, from, to }, `tier ${to} serves: ${why}`);
    return;
  }
  const { address, from, to, reason, isExpected } = change;
  counts.transition(pool, to);
  const level = !isExpected && (to === 'unhealthy' || to === 'ejected') ? 'warn' : 'info';
  logger[level]({ pool, backend: address, from, to, reason }, `a backend is ${to}`);
}

/** What an operator can do about each bound. */
const HOW_TO_RAISE: Readonly<Record<Bound, string>> = {
  descriptors: 'raise the descriptor limit (LimitNOFILE, --ulimit nofile, ulimit -n)',
  memory: 'raise the memory limit of the control group',
  flag: 'raise --max-connections',
};

interface LimitProblem {
  readonly isFatal: boolean;
  /** What it is, and what to do. */
  readonly message: string;
}

/** A proxy that may have fewer serves nobody. */
const LEAST_CONNECTIONS = 16;
/** A proxy that may have fewer, though nobody said so with a flag, is seldom meant to. */
const FEW_CONNECTIONS = 1_000;

/** Null, or that there is no room to serve anybody, or little. */
export function limitProblem({ bound, connections }: ConnectionLimit): LimitProblem | null {
  if (bound === 'flag' || connections >= FEW_CONNECTIONS) return null;
  const isFatal = connections < LEAST_CONNECTIONS;
  const room = isFatal ? `fewer than ${LEAST_CONNECTIONS} connections` : `${connections} connections only`;
  const what = bound === 'memory' ? 'memory' : 'descriptors';
  return { isFatal, message: `the limit of ${what} leaves room for ${room}: ${HOW_TO_RAISE[bound]}` };
}

export interface WorkerEvents {
  readonly events: Omit<WorkerPoolEvents, 'onEjected'>;
  /** New clients wait because the connection limit is reached. */
  readonly saturated: boolean;
}

/** `onLost`: a worker was lost, which is worth a report at once. */
export function recordWorkerEvents(
  logger: Logger,
  counts: ProxyCounts,
  connectionLimit: () => ConnectionLimit,
  onLost: () => void,
): WorkerEvents {
  const saturated = new Set<number>();
  const setSaturated = (worker: number, on: boolean) => {
    const before = saturated.size > 0;
    if (on) saturated.add(worker);
    else saturated.delete(worker);
    if (before === saturated.size > 0) return;
    const { bound, connections } = connectionLimit();
    const fields = { limit: connections, limited_by: bound };
    if (on) logger.warn(fields, `the connection limit is reached: new clients wait; ${HOW_TO_RAISE[bound]}`);
    else logger.info(fields, 'there is room for new clients again');
  };
  return {
    get saturated() {
      return saturated.size > 0;
    },
    events: {
      onSaturated(worker, on, cause) {
        if (on) counts.pauses[cause] += 1;
        setSaturated(worker, on);
      },
      onLog: (worker, { level, message, fields }) => logger[level]({ worker, ...fields }, message),
      onLost(worker, why, lostConnections) {
        setSaturated(worker, false);
        logger.error(
          { worker, why, lost_connections: lostConnections },
          'a worker was lost and will be replaced',
        );
        onLost();
      },
    },
  };
}
