/**
 * The metrics of a proxy (docs/metrics.md), in Prometheus' text format.
 *
 * Invariants
 *  - nothing is counted here: every scrape reads one observation and what the workers counted in shared memory; only
 *    what backends without a name of their own counted is added up from scrape to scrape (backend-histograms.ts);
 *  - a series exists exactly as long as what it is about, and never shows what an earlier owner of its row counted;
 *  - backends, of which there may be tens of thousands, are rendered in slices between which the event loop goes on.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Metrics } from '../../core/runtime/operation-routes.ts';
import type { CloseReason } from '../engine/engine.ts';
import type { BackendDurations } from './backend-durations.ts';
import { backendFamilies } from './backend-families.ts';
import { BackendHistograms } from './backend-histograms.ts';
import { METRIC_BACKENDS } from './busiest-backends.ts';
import type { HistogramCounts } from './counters.ts';
import { familyHeader, histogramLines, type Labels } from './exposition.ts';
import type { Observation } from './observation.ts';
import { CONNECT_SECONDS, DURATION_SECONDS, FIRST_BYTE_SECONDS } from './shared-memory.ts';

/** Everything that /metrics shows, read at one moment; but for the histograms of backends, too many for one moment. */
export interface ProxyReadings {
  readonly observation: Observation;
  readonly closed: Readonly<Record<CloseReason, number>>;
  /** By pool. */
  readonly poolConnectSeconds: ReadonlyMap<string, HistogramCounts>;
  /** Reads the backend that `observation` has under this key, now; null when it is gone meanwhile. */
  readonly durationsOf: (key: string) => BackendDurations | null;
  /** By pool: whether it uses its backends whatever their health. */
  readonly panic: ReadonlyMap<string, boolean>;
  readonly connected: boolean;
  /** How long ago a control plane last stood by what runs; null: nothing runs. */
  readonly configAgeSeconds: number | null;
  readonly logRecordsDropped: number;
}

type Set = (labels: Labels, value: number) => void;
type Fill = (set: Set, readings: ProxyReadings) => void;

export function createProxyMetrics(read: () => ProxyReadings): Metrics {
  const registry = new Registry();
  const backendHistograms = new BackendHistograms(METRIC_BACKENDS);
  let readings: ProxyReadings | null = null;
  let underWay: Promise<string> | null = null;
  // Its default of 10 ms wakes an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  registerFamilies(registry, () => (readings ??= read()));

  async function render(): Promise<string> {
    const now = read();
    readings = now;
    const { backends } = now.observation;
    const registered = await registry.metrics();
    return (
      registered +
      histogramFamilies(now) +
      (await backendFamilies(backends.values())) +
      (await backendHistograms.render(backends, now.durationsOf))
    );
  }

  return {
    contentType: registry.contentType,
    render() {
      // One scrape serves all who ask meanwhile: nobody can pile up work by asking often.
      underWay ??= render().finally(() => {
        underWay = null;
      });
      return underWay;
    },
  };
}

function registerFamilies(registry: Registry, readings: () => ProxyReadings): void {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: readonly string[], fill: Fill) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        // A reset leaves a 0 where there are no labels; what there is nothing to say about is to be left out.
        if (labelNames.length === 0) this.remove();
        fill((labels, value) => this.set(labels, value), readings());
      },
    });
  const counter = (name: string, help: string, labelNames: readonly string[], fill: Fill) =>
    new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        fill((labels, value) => this.inc(labels, value), readings());
      },
    });
  registerListeners(gauge, counter);
  registerProcess(gauge, counter);
}

type Register = (name: string, help: string, labelNames: readonly string[], fill: Fill) => unknown;

function registerListeners(gauge: Register, counter: Register): void {
  counter('lb_listener_connections_total', 'Connections accepted.', ['listener'], (set, { observation }) => {
    for (const [listener, { accepted }] of observation.listeners) set({ listener }, accepted);
  });
  gauge('lb_listener_connections_active', 'Connections open now.', ['listener'], (set, { observation }) => {
    for (const [listener, { active }] of observation.listeners) set({ listener }, active);
  });
  counter(
    'lb_listener_bytes_total',
    'Bytes relayed, by direction: from_client or to_client.',
    ['listener', 'direction'],
    (set, { observation }) => {
      for (const [listener, counts] of observation.listeners) {
        set({ listener, direction: 'from_client' }, counts.bytesFromClients);
        set({ listener, direction: 'to_client' }, counts.bytesToClients);
      }
    },
  );
  gauge(
    'lb_listener_bound',
    '1 when the address of the listener is bound; 0 when this host refuses it.',
    ['listener'],
    (set, { observation }) => {
      for (const listener of observation.listeners.keys()) set({ listener }, 1);
      for (const { listener } of observation.applied.failedListeners) set({ listener }, 0);
    },
  );
  gauge(
    'lb_pool_panic',
    '1 while no backend of the pool is up and all active ones are used whatever their health.',
    ['pool'],
    (set, { panic }) => {
      for (const [pool, on] of panic) set({ pool }, Number(on));
    },
  );
}

function registerProcess(gauge: Register, counter: Register): void {
  counter('lb_connections_closed_total', 'Connections ended, by reason.', ['reason'], (set, { closed }) => {
    for (const [reason, count] of Object.entries(closed)) set({ reason }, count);
  });
  gauge(
    'lb_worker_connections_active',
    'Connections open now, by worker.',
    ['worker'],
    (set, { observation }) => {
      for (const [worker, { active }] of observation.workers.entries())
        set({ worker: String(worker) }, active);
    },
  );
  counter(
    'lb_worker_restarts_total',
    'How often a worker was replaced.',
    ['worker'],
    (set, { observation }) => {
      for (const [worker, { restarts }] of observation.workers.entries())
        set({ worker: String(worker) }, restarts);
    },
  );
  gauge('lb_config_revision', 'Revision that all workers run; 0: none.', [], (set, { observation }) => {
    set({}, observation.applied.running?.position.revision ?? 0);
  });
  gauge(
    'lb_config_age_seconds',
    'Time since a control plane last stood by the configuration that runs; 0 while connected to one.',
    [],
    (set, { configAgeSeconds }) => {
      if (configAgeSeconds !== null) set({}, configAgeSeconds);
    },
  );
  gauge('lb_control_plane_connected', '1 while subscribed to a control plane.', [], (set, { connected }) => {
    set({}, Number(connected));
  });
  gauge(
    'lb_saturated',
    '1 while new clients wait because the most connections allowed are open.',
    [],
    (set, { observation }) => set({}, Number(observation.process.saturated)),
  );
  counter('lb_log_records_dropped_total', 'Log lines dropped.', [], (set, { logRecordsDropped }) => {
    set({}, logRecordsDropped);
  });
}

function histogramFamilies({ observation, poolConnectSeconds }: ProxyReadings): string {
  const { listeners } = observation;
  const pools = 'lb_connect_duration_seconds';
  let text = familyHeader(pools, 'histogram', 'Time to connect to a backend, successful attempts only.');
  for (const [pool, counts] of poolConnectSeconds) {
    text += histogramLines(pools, { pool }, CONNECT_SECONDS, counts);
  }
  const connect = 'lb_listener_connect_duration_seconds';
  text += familyHeader(connect, 'histogram', 'Time to connect to a backend, successful attempts only.');
  for (const [listener, counts] of listeners) {
    text += histogramLines(connect, { listener }, CONNECT_SECONDS, counts.connect);
  }
  const firstByte = 'lb_first_byte_duration_seconds';
  text += familyHeader(firstByte, 'histogram', 'Time from accept to the first byte that the client got.');
  for (const [listener, counts] of listeners) {
    text += histogramLines(firstByte, { listener }, FIRST_BYTE_SECONDS, counts.firstByte);
  }
  const duration = 'lb_connection_duration_seconds';
  text += familyHeader(duration, 'histogram', 'Life of a connection, from accept to close.');
  for (const [listener, counts] of listeners) {
    text += histogramLines(duration, { listener }, DURATION_SECONDS, counts.duration);
  }
  return text;
}
