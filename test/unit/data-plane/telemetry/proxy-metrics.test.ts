import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { completePolicy } from '../../../../core/model/draft.ts';
import { CLOSE_REASONS } from '../../../../core/wire/close-reasons.ts';
import { ProxyCounts } from '../../../../data-plane/memory/proxy-counts.ts';
import { createProxyMetrics } from '../../../../data-plane/telemetry/proxy-metrics.ts';
import type { ProxyReadings } from '../../../../data-plane/telemetry/proxy-readings.ts';
import {
  CONNECT_SECONDS,
  HISTOGRAM_CELLS,
  LISTENER_COUNTERS,
  WORKER_COUNTERS,
} from '../../../../data-plane/memory/shared-memory.ts';
import {
  BOTH,
  HEALTHY,
  ObservedTraffic,
  UNHEALTHY,
  WEB,
} from '../../../../harness/worker/observed-traffic.ts';
import { parsePrometheusText } from '../../../../harness/prometheus-text.ts';
import * as make from '../../../../harness/snapshots.ts';
import fc from 'fast-check';
import { Histograms, labelText, Samples } from '../../../../data-plane/telemetry/exposition.ts';

const LIMIT = 200;
const CHECKS = { passed: 1, failed: 2 };
const ORDINARY = completePolicy({ name: 'ordinary' });
const PRIMARY = completePolicy({ name: 'primary', expectHealthy: 1, whenNoneHealthy: 'refuse' });
const WEB_ALONE = new Map([['web', { noneHealthy: true, servingTier: 3, policy: ORDINARY, checks: CHECKS }]]);

describe('the metrics', () => {
  let traffic: ObservedTraffic;
  beforeEach(() => {
    traffic = new ObservedTraffic();
    traffic.run(BOTH);
  });

  const families = async (fields: Partial<ProxyReadings> = {}) =>
    parsePrometheusText(await createProxyMetrics(() => traffic.readings(fields), LIMIT).render());
  /** The value of a series, which may have more labels than are named. */
  const scrape = async (fields: Partial<ProxyReadings> = {}) => {
    const samples = [...(await families(fields)).values()].flatMap((family) => family.samples);
    return (name: string, labels: Record<string, string> = {}) =>
      samples.find(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      )?.value;
  };

  it('are well-formed, and each family has its type', async () => {
    const own = [...(await families()).values()].filter(({ name }) => name.startsWith('lb_'));
    assert.deepEqual(Object.fromEntries(own.map(({ name, type }) => [name, type])), {
      lb_listener_connections_total: 'counter',
      lb_listener_connections_active: 'gauge',
      lb_listener_bytes_total: 'counter',
      lb_listener_bound: 'gauge',
      lb_certificate_expiry_seconds: 'gauge',
      lb_connections_closed_total: 'counter',
      lb_queue_connections: 'gauge',
      lb_queue_wait_seconds: 'histogram',
      lb_backend_connections_total: 'counter',
      lb_backend_connections_active: 'gauge',
      lb_backend_connect_failures_total: 'counter',
      lb_backend_early_closes_total: 'counter',
      lb_backend_up: 'gauge',
      lb_bytes_total: 'counter',
      lb_connect_duration_seconds: 'histogram',
      lb_listener_connections_closed_total: 'counter',
      lb_backend_first_byte_duration_seconds: 'histogram',
      lb_backend_health_transitions_total: 'counter',
      lb_pool_backends: 'gauge',
      lb_worker_connections_total: 'counter',
      lb_accept_pauses_total: 'counter',
      lb_snapshots_total: 'counter',
      lb_build_info: 'gauge',
      lb_connection_log_lines_total: 'counter',
      lb_connection_log_dropped_total: 'counter',
      lb_connection_limit: 'gauge',
      lb_connection_duration_seconds: 'histogram',
      lb_listener_connect_duration_seconds: 'histogram',
      lb_first_byte_duration_seconds: 'histogram',
      lb_backend_connect_duration_seconds: 'histogram',
      lb_backend_connection_duration_seconds: 'histogram',
      lb_worker_connections_active: 'gauge',
      lb_worker_restarts_total: 'counter',
      lb_config_revision: 'gauge',
      lb_config_age_seconds: 'gauge',
      lb_state_dir_writable: 'gauge',
      lb_control_plane_connected: 'gauge',
      lb_pool_panic: 'gauge',
      lb_pool_refusing: 'gauge',
      lb_pool_expected_healthy: 'gauge',
      lb_pool_serving_tier: 'gauge',
      lb_health_checks_total: 'counter',
      lb_backends_leading_back: 'gauge',
      lb_saturated: 'gauge',
      lb_log_records_dropped_total: 'counter',
      lb_refused_connections_total: 'counter',
      lb_limit_sources_lost_total: 'counter',
      lb_tls_handshakes_total: 'counter',
    });
  });

  it('say what was counted, under the right labels', async () => {
    traffic.connect(0, HEALTHY, 10);
    const [first] = traffic.workers;
    first.worker[CLOSE_REASONS.indexOf('client_reset')] = 3;
    first.worker[WORKER_COUNTERS.indexOf('logDropped')] = 5;
    first.worker[WORKER_COUNTERS.indexOf('accepted')] = 6;
    first.listenerClosed[CLOSE_REASONS.indexOf('no_backend')] = 7;
    first.listenerClosed[CLOSE_REASONS.indexOf('denied')] = 2;
    first.listeners[LISTENER_COUNTERS.indexOf('wouldBeLimited')] = 8;
    first.worker[WORKER_COUNTERS.indexOf('sourcesUntracked')] = 4;
    const value = await scrape({
      pools: WEB_ALONE,
      connected: false,
      configAgeSeconds: 12,
    });
    const a = { pool: 'web', backend: HEALTHY };
    const b = { pool: 'web', backend: UNHEALTHY };
    assert.equal(value('lb_backend_connections_total', a), 1);
    assert.equal(value('lb_backend_connections_active', a), 1);
    assert.equal(value('lb_backend_connections_total', b), 0);
    assert.equal(value('lb_backend_up', a), 1);
    assert.equal(value('lb_backend_up', b), 0);
    assert.equal(value('lb_bytes_total', { ...a, direction: 'to_backend' }), 10);
    assert.equal(value('lb_listener_connections_total', { listener: 'web' }), 1);
    assert.equal(value('lb_listener_bound', { listener: 'web' }), 1);
    assert.equal(value('lb_listener_bound', { listener: 'taken' }), 0);
    assert.equal(value('lb_certificate_expiry_seconds', { certificate: 'www' }), 2_000_000_000);
    assert.equal(value('lb_certificate_expiry_seconds', { certificate: 'gone' }), undefined);
    assert.equal(value('lb_connections_closed_total', { reason: 'client_reset' }), 3);
    assert.equal(value('lb_connections_closed_total', { reason: 'completed' }), 0);
    assert.equal(value('lb_worker_connections_active', { worker: '0' }), 1);
    assert.equal(value('lb_worker_connections_total', { worker: '0' }), 6);
    assert.equal(value('lb_listener_connections_closed_total', { listener: 'web', reason: 'no_backend' }), 7);
    assert.equal(value('lb_listener_connections_closed_total', { listener: 'web', reason: 'completed' }), 0);
    const refused = (reason: string) => value('lb_refused_connections_total', { listener: 'web', reason });
    assert.deepEqual(['denied', 'no_backend', 'dry_run', 'limited', 'completed'].map(refused), [
      2,
      7,
      8,
      0,
      undefined,
    ]);
    assert.equal(value('lb_limit_sources_lost_total', { result: 'untracked' }), 4);
    assert.equal(value('lb_limit_sources_lost_total', { result: 'forgotten' }), 0);
    assert.equal(value('lb_build_info', { version: '1.2.3', engine: 'epoll' }), 1);
    assert.equal(value('lb_connection_limit'), 9);
    assert.equal(value('lb_worker_restarts_total', { worker: '1' }), 1);
    assert.equal(value('lb_config_revision'), 4);
    assert.equal(value('lb_config_age_seconds'), 12);
    assert.equal(value('lb_control_plane_connected'), 0);
    assert.equal(value('lb_pool_panic', { pool: 'web' }), 1);
    assert.equal(value('lb_health_checks_total', { pool: 'web', result: 'failed' }), 2);
    assert.equal(value('lb_pool_serving_tier', { pool: 'web' }), 3);
    assert.equal(value('lb_saturated'), 0);
    assert.equal(value('lb_log_records_dropped_total'), 5);
  });

  it('give histograms their buckets from shared memory, summed and cumulative', async () => {
    const row = traffic.built.directory.pools[0]?.row ?? -1;
    for (const worker of traffic.workers) {
      worker.poolConnectSeconds[row * HISTOGRAM_CELLS] = 2;
      worker.poolConnectSeconds[row * HISTOGRAM_CELLS + CONNECT_SECONDS.length] = 1;
      worker.poolConnectSeconds[row * HISTOGRAM_CELLS + HISTOGRAM_CELLS - 1] = 6.5;
    }
    const value = await scrape();
    const bucket = (le: string) => value('lb_connect_duration_seconds_bucket', { pool: 'web', le });
    assert.equal(bucket('0.0005'), 4);
    assert.equal(bucket('5'), 4);
    assert.equal(bucket('+Inf'), 6);
    assert.equal(value('lb_connect_duration_seconds_count', { pool: 'web' }), 6);
    assert.equal(value('lb_connect_duration_seconds_sum', { pool: 'web' }), 13);
  });

  it('do not say of a backend that is removed, and has connections still, that it is down', async () => {
    traffic.connect(0, UNHEALTHY);
    traffic.run(make.snapshot(2, ...WEB, make.backend('web', HEALTHY)));
    const value = await scrape({ pools: WEB_ALONE });
    assert.equal(value('lb_backend_connections_active', { backend: UNHEALTHY }), 1);
    assert.equal(value('lb_backend_up', { backend: UNHEALTHY }), undefined);
    assert.equal(value('lb_pool_backends', { pool: 'web', health: 'unhealthy' }), 0);
    assert.equal(value('lb_pool_backends', { pool: 'web', health: 'healthy' }), 1);
  });

  it('say which pools refuse, and how many healthy backends are expected where a policy says so', async () => {
    const state = { noneHealthy: true, servingTier: 0, checks: CHECKS };
    const value = await scrape({
      pools: new Map([
        ...WEB_ALONE,
        ['pg', { ...state, policy: PRIMARY }],
        ['well', { ...state, noneHealthy: false, policy: PRIMARY }],
      ]),
    });
    const all = (name: string) => ['web', 'pg', 'well'].map((pool) => value(name, { pool }));
    assert.deepEqual(all('lb_pool_panic'), [1, 1, 0]);
    assert.deepEqual(all('lb_pool_refusing'), [0, 1, 0]);
    assert.deepEqual(all('lb_pool_expected_healthy'), [undefined, 1, 1]);
  });

  it('count what the main thread saw, for the pools there are, from zero on', async () => {
    const counts = new ProxyCounts();
    for (const to of ['unhealthy', 'unhealthy', 'ejected'] as const) counts.transition('web', to);
    counts.transition('gone', 'healthy');
    counts.pauses.shortage = 2;
    counts.snapshots.refused = 3;
    const value = await scrape({
      counts,
      connectionLog: { lines: 5, dropped: { ring_full: 6, refusals: 9, sink_full: 7, sink_error: 8 } },
      pools: new Map([
        ...WEB_ALONE,
        ['idle', { noneHealthy: false, servingTier: 0, policy: ORDINARY, checks: CHECKS }],
      ]),
    });
    const became = (pool: string, to: string) => value('lb_backend_health_transitions_total', { pool, to });
    assert.deepEqual([became('web', 'unhealthy'), became('web', 'ejected')], [2, 1]);
    assert.deepEqual([became('web', 'healthy'), became('idle', 'healthy')], [0, 0]);
    assert.equal(became('gone', 'healthy'), undefined);
    assert.equal(value('lb_pool_backends', { pool: 'idle', health: 'healthy' }), 0);
    assert.equal(value('lb_accept_pauses_total', { cause: 'shortage' }), 2);
    assert.equal(value('lb_accept_pauses_total', { cause: 'connection_limit' }), 0);
    assert.equal(value('lb_snapshots_total', { result: 'refused' }), 3);
    assert.equal(value('lb_snapshots_total', { result: 'applied' }), 0);
    assert.equal(value('lb_connection_log_lines_total'), 5);
    const dropped = ['ring_full', 'sink_full', 'sink_error'].map((cause) =>
      value('lb_connection_log_dropped_total', { cause }),
    );
    assert.deepEqual(dropped, [6, 7, 8]);
  });

  it('have no age of the configuration while there is none', async () => {
    const value = await scrape({ configAgeSeconds: null });
    assert.equal(value('lb_config_age_seconds'), undefined);
  });

  it('serve all who ask at once from one reading', async () => {
    let reads = 0;
    const metrics = createProxyMetrics(() => {
      reads += 1;
      return traffic.readings();
    }, LIMIT);
    const [one, two] = await Promise.all([metrics.render(), metrics.render()]);
    assert.equal(one, two);
    assert.equal(reads, 1);
    await metrics.render();
    assert.equal(reads, 2);
  });
});

describe('the text format', () => {
  it('brings back every label value and number', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), (label, value) => {
        // A line feed is all that ends a line for a scraper; the parser splits at nothing else either.
        const samples = new Samples('x', 'gauge', 'help');
        samples.add(labelText({ label }), value);
        const [sample] = parsePrometheusText(samples.toString()).get('x')?.samples ?? [];
        assert.deepEqual(sample?.labels, { label });
        assert.equal(sample.value + 0, value + 0);
      }),
    );
  });

  it('keeps help on one line', () => {
    const samples = new Samples('x', 'gauge', 'two\nlines \\ and a backslash');
    assert.equal(samples.toString(), '# HELP x two\\nlines \\\\ and a backslash\n# TYPE x gauge\n');
  });

  it('has a histogram’s buckets add up, with and without labels', () => {
    const counts = Array.from({ length: HISTOGRAM_CELLS }, () => 0);
    counts.splice(0, 2, 3, 1);
    counts.splice(-2, 2, 2, 7.5);
    const bounds = Array.from({ length: HISTOGRAM_CELLS - 2 }, (_, bucket) => 2 ** bucket / 4);
    const histograms = new Histograms('x', bounds, 'help');
    histograms.add('', counts);
    histograms.add(labelText({ pool: 'web' }), counts);
    const lines = histograms.toString().trimEnd().split('\n');
    const each = lines.length / 2 - 1;
    for (const [labels, start] of [
      ['', 2],
      ['pool="web"', 2 + each],
    ] as const) {
      const inFront = labels === '' ? '' : `${labels},`;
      assert.deepEqual(lines.slice(start, start + 2), [
        `x_bucket{${inFront}le="0.25"} 3`,
        `x_bucket{${inFront}le="0.5"} 4`,
      ]);
      const end = labels === '' ? '' : `{${labels}}`;
      assert.deepEqual(lines.slice(start + each - 3, start + each), [
        `x_bucket{${inFront}le="+Inf"} 6`,
        `x_sum${end} 7.5`,
        `x_count${end} 6`,
      ]);
    }
  });
});
