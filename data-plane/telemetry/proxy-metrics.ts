/**
 * The metrics of a proxy (docs/metrics.md), in Prometheus' text format.
 *
 * Invariants
 *  - nothing is counted here: every scrape reads one observation and counters from elsewhere; only the counts of what
 *    has no name are added up from scrape to scrape (backend-series.ts, bounded-family.ts);
 *  - a series never shows what an earlier owner of its row counted, and ends with its subject; the counters of a removed
 *    backend end ten minutes later;
 *  - backends, of which there may be tens of thousands, are rendered in slices, between which the event loop runs.
 */
import { Registry } from 'prom-client';
import { refusesWhenNoneHealthy } from '../../core/model/resources.ts';
import { collectProcessMetrics } from '../../core/runtime/process-metrics.ts';
import type { Metrics } from '../../core/runtime/operation-routes.ts';
import { BackendSeries } from './backend-series.ts';
import { BusiestBackends } from './busiest-backends.ts';
import { HISTOGRAM_CELLS } from '../memory/shared-memory.ts';
import { BoundedFamily } from './bounded-family.ts';
import type { Labels } from './exposition.ts';
import { LISTENER_FAMILIES, listenerFamilies, poolFamilies } from './listener-families.ts';
import { counter, type Fill, gauge, type ProxyFamily } from './proxy-family.ts';
import type { PoolReadings, ProxyReadings } from './proxy-readings.ts';
import { type HealthCounts, noHealthCounts } from '../memory/proxy-counts.ts';

/** In `(other)` it is the highest of its pools. */
const poolGauge = (name: string, help: string, valueOf: (pool: PoolReadings) => number | undefined) => ({
  ...gauge(name, help, (add, { pools }) => {
    for (const [pool, state] of pools) {
      const value = valueOf(state);
      if (value !== undefined) add({ pool }, value);
    }
  }),
  combine: Math.max,
});

const FAMILIES: readonly ProxyFamily[] = [
  ...LISTENER_FAMILIES,
  counter(
    'lb_limit_sources_lost_total',
    'Sources that the table of limits had no room for: their rate was forgotten, or they were not tracked.',
    (add, { sourcesLost }) => {
      for (const [result, count] of Object.entries(sourcesLost)) add({ result }, count);
    },
  ),
  counter(
    'lb_tls_handshakes_total',
    'Handshakes of TLS with clients, by how they ended: in full, with a resumed session, or not.',
    (add, { handshakes }) => {
      for (const [result, count] of Object.entries(handshakes)) add({ result }, count);
    },
  ),
  poolGauge(
    'lb_pool_panic',
    '1 while no backend of the pool is healthy: all of them are used, or new connections are refused.',
    ({ noneHealthy }) => Number(noneHealthy),
  ),
  poolGauge(
    'lb_pool_refusing',
    '1 while no backend of the pool is healthy and new connections are refused.',
    ({ noneHealthy, policy }) => Number(noneHealthy && refusesWhenNoneHealthy(policy)),
  ),
  poolGauge(
    'lb_pool_expected_healthy',
    'Healthy backends that the policy of the pool expects, where it says so.',
    ({ policy }) => policy.expectHealthy,
  ),
  poolGauge('lb_pool_serving_tier', 'The tier that new connections go to.', ({ servingTier }) => servingTier),
  gauge('lb_queue_connections', 'Connections that wait for a place at a backend.', (add, { queues }) => {
    for (const [pool, { waiting }] of queues) add({ pool }, waiting);
  }),
  gauge(
    'lb_backends_leading_back',
    'Backends that lead back to a listener of the fleet and so get no connections.',
    (add, { leadingBack }) => add({}, leadingBack),
  ),
  gauge(
    'lb_pool_backends',
    'Configured backends by health: healthy, unhealthy, unknown or ejected.',
    (add, readings) => {
      for (const [pool, counts] of healthOfPools(readings)) {
        for (const [health, count] of Object.entries(counts)) add({ pool, health }, count);
      }
    },
  ),
  counter(
    'lb_health_checks_total',
    'Health checks that have ended: passed, failed, inconclusive or shortage.',
    (add, { pools }) => {
      for (const [pool, { checks }] of pools) {
        for (const [result, count] of Object.entries(checks)) add({ pool, result }, count);
      }
    },
  ),
  counter(
    'lb_backend_health_transitions_total',
    'How often a backend of the pool became healthy, unhealthy, unknown or ejected.',
    (add, { counts, pools }) => {
      for (const [pool, transitions] of counts.transitionsOf(pools.keys())) {
        for (const [to, count] of Object.entries(transitions)) add({ pool, to }, count);
      }
    },
  ),
  counter('lb_connections_closed_total', 'Connections ended, by reason.', (add, { closed }) => {
    for (const [reason, count] of Object.entries(closed)) add({ reason }, count);
  }),
  counter('lb_worker_connections_total', 'Connections accepted.', (add, { observation }) => {
    for (const [worker, { accepted }] of observation.workers.entries())
      add({ worker: String(worker) }, accepted);
  }),
  gauge('lb_worker_connections_active', 'Connections open now.', (add, { observation }) => {
    for (const [worker, { active }] of observation.workers.entries()) add({ worker: String(worker) }, active);
  }),
  counter('lb_worker_restarts_total', 'How often a worker was replaced.', (add, { observation }) => {
    for (const [worker, { restarts }] of observation.workers.entries())
      add({ worker: String(worker) }, restarts);
  }),
  gauge(
    'lb_saturated',
    '1 while new clients wait because the most connections allowed are open.',
    (add, { observation }) => add({}, Number(observation.process.saturated)),
  ),
  gauge('lb_connection_limit', 'The most connections that may be open.', (add, { observation }) => {
    add({}, observation.process.maxConnections);
  }),
  counter(
    'lb_accept_pauses_total',
    'How often a worker accepted no clients for a while, by cause.',
    (add, { counts }) => {
      for (const [cause, count] of Object.entries(counts.pauses)) add({ cause }, count);
    },
  ),
  gauge('lb_build_info', 'Always 1; what runs, in the labels.', (add, { build }) => add(build, 1)),
  gauge('lb_config_revision', 'Revision that all workers run; 0: none.', (add, { observation }) => {
    add({}, observation.applied.running?.position.revision ?? 0);
  }),
  gauge(
    'lb_config_age_seconds',
    'Time since a control plane last stood by the configuration that runs; 0 while connected to one.',
    (add, { configAgeSeconds }) => {
      if (configAgeSeconds !== null) add({}, configAgeSeconds);
    },
  ),
  gauge(
    'lb_state_dir_writable',
    '1 while snapshots can be saved; 0 when the state directory is read-only.',
    (add, { isStateDirWritable }) => add({}, Number(isStateDirWritable)),
  ),
  counter('lb_snapshots_total', 'Snapshots that came, by what became of them.', (add, { counts }) => {
    for (const [result, count] of Object.entries(counts.snapshots)) add({ result }, count);
  }),
  gauge('lb_control_plane_connected', '1 while subscribed to a control plane.', (add, { connected }) => {
    add({}, Number(connected));
  }),
  counter(
    'lb_connection_log_lines_total',
    'Lines of the connection log that were written.',
    (add, { connectionLog }) => add({}, connectionLog?.lines ?? 0),
  ),
  counter(
    'lb_connection_log_dropped_total',
    'Connections that should have a line in the connection log and have none, by cause.',
    (add, { connectionLog }) => {
      for (const [cause, count] of Object.entries(connectionLog?.dropped ?? {})) add({ cause }, count);
    },
  ),
  counter('lb_log_records_dropped_total', 'Log lines dropped.', (add, { logRecordsDropped }) => {
    add({}, logRecordsDropped);
  }),
];

/** More than any number of connections. */
const ALERTING = 2 ** 60;

/** `metricBackends`: how many backends, pools and listeners are shown by name: those that are in trouble, and the busiest. */
export function createProxyMetrics(read: () => ProxyReadings, metricBackends: number): Metrics {
  const registry = new Registry();
  const backendSeries = new BackendSeries(metricBackends);
  const busiestPools = new BusiestBackends(metricBackends);
  const busiestListeners = new BusiestBackends(metricBackends);
  const families = FAMILIES.map((family) => ({ fill: family.fill, bounded: new BoundedFamily(family) }));
  let underWay: Promise<string> | null = null;
  collectProcessMetrics(registry);

  async function render(): Promise<string> {
    const now = read();
    const { backends, listeners } = now.observation;
    const names = {
      pool: busiestPools.choose(poolWeights(now)),
      listener: busiestListeners.choose(listenerWeights(now)),
    };
    const parts = [
      await registry.metrics(),
      ...families.map(({ fill, bounded }) => bounded.render(samplesOf(fill, now), names)),
      await poolFamilies(now, names.pool),
      await listenerFamilies(listeners, names.listener),
      await backendSeries.render({
        backends,
        totalsOf: now.totalsOf,
        removed: now.removed,
        pools: names.pool,
      }),
    ];
    return parts.join('');
  }

  return {
    contentType: registry.contentType,
    render() {
      // Requests during a scrape get its result, so frequent requests add no work.
      underWay ??= render().finally(() => {
        underWay = null;
      });
      return underWay;
    },
  };
}

type Weights = ReadonlyMap<string, { readonly connections: number }>;

/** Pools that alerts are about come first, and then those with the most connects. */
function poolWeights(readings: ProxyReadings): Weights {
  const { pools, poolConnectSeconds } = readings;
  const health = healthOfPools(readings);
  return new Map(
    Array.from(new Set([...poolConnectSeconds.keys(), ...pools.keys()]), (pool) => {
      const { healthy, unhealthy, ejected } = health.get(pool) ?? noHealthCounts();
      const { noneHealthy = false, policy } = pools.get(pool) ?? {};
      const isExpected = healthy === (policy?.expectHealthy ?? healthy);
      let connections = noneHealthy || unhealthy + ejected > 0 || !isExpected ? ALERTING : 0;
      // The last cell is not a bucket.
      for (let bucket = 0; bucket < HISTOGRAM_CELLS - 1; bucket++)
        connections += poolConnectSeconds.get(pool)?.[bucket] ?? 0;
      return [pool, { connections }];
    }),
  );
}

/** Listeners that can't be bound come first, and then those with the most clients. */
function listenerWeights({ observation: { applied, listeners } }: ProxyReadings): Weights {
  const weights = new Map(Array.from(listeners, ([name, { accepted }]) => [name, { connections: accepted }]));
  for (const { listener } of applied.failedListeners) weights.set(listener, { connections: ALERTING });
  return weights;
}

function samplesOf(fill: Fill, readings: ProxyReadings): [Labels, number][] {
  const samples: [Labels, number][] = [];
  fill((labels, value) => samples.push([labels, value]), readings);
  return samples;
}

/** For every pool, including those without backends. */
function healthOfPools({ observation, pools }: ProxyReadings): ReadonlyMap<string, HealthCounts> {
  const healthOf = new Map(Array.from(pools.keys(), (pool) => [pool, noHealthCounts()]));
  for (const { pool, health, removed } of observation.backends.values()) {
    const counts = healthOf.get(pool);
    if (counts && !removed) counts[health] += 1;
  }
  return healthOf;
}
