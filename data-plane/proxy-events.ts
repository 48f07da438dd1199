/** What happens in a proxy, as log lines, as counts and as something to report at once. */
import type { Logger } from '../core/runtime/logger.ts';
import type { Bound, ConnectionLimit } from './host/connection-limit.ts';
import type { HealthTransition } from './health/health-monitor.ts';
import type { ProxyCounts } from './memory/proxy-counts.ts';
import type { WorkerPoolEvents } from './worker/pool/worker-pool.ts';

export interface ProxyEvents {
  onTransition(transition: HealthTransition): void;
  onPanic(pool: string, on: boolean): void;
  readonly worker: Omit<WorkerPoolEvents, 'onEjected'>;
  /** New clients wait because the most connections allowed are open. */
  readonly saturated: boolean;
}

/** What an operator can do about each bound. */
const RAISE: Readonly<Record<Bound, string>> = {
  descriptors: 'raise the descriptor limit',
  memory: 'raise the memory limit of the control group',
  flag: 'raise --max-connections',
};

export function proxyEvents(
  logger: Logger,
  counts: ProxyCounts,
  connectionLimit: () => ConnectionLimit,
  report: () => void,
): ProxyEvents {
  const saturated = new Set<number>();
  const setSaturated = (worker: number, on: boolean) => {
    const before = saturated.size > 0;
    if (on) saturated.add(worker);
    else saturated.delete(worker);
    if (before === saturated.size > 0) return;
    const { bound, connections } = connectionLimit();
    const fields = { limit: connections, limited_by: bound };
    if (on) logger.warn(fields, `the most connections allowed are open: new clients wait; ${RAISE[bound]}`);
    else logger.info(fields, 'there is room for new clients again');
  };
  return {
    get saturated() {
      return saturated.size > 0;
    },
    onTransition({ pool, address, from, to, reason }) {
      counts.transition(pool, to);
      const level = to === 'unhealthy' || to === 'ejected' ? 'warn' : 'info';
      logger[level]({ pool, backend: address, from, to, reason }, `a backend is ${to}`);
      report();
    },
    onPanic(pool, on) {
      if (on) logger.warn({ pool }, 'panic: no backend of the pool is up, so all active ones are used');
      else logger.info({ pool }, 'panic is over: a backend of the pool is up');
      report();
    },
    worker: {
      onSaturated(worker, on, cause) {
        if (on) counts.pauses[cause] += 1;
        setSaturated(worker, on);
      },
      onLog: (worker, { level, message, fields }) => logger[level]({ worker, ...fields }, message),
      onLost(worker, why, lostConnections) {
        setSaturated(worker, false);
        logger.error({ worker, why, lost_connections: lostConnections }, 'a worker was lost and is replaced');
        report();
      },
    },
  };
}
