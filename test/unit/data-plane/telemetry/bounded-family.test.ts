/** The number of series is bounded, whatever is configured, and counters never decrease. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Metrics } from '../../../../core/runtime/operation-routes.ts';
import { completePolicy } from '../../../../core/model/draft.ts';
import { HISTOGRAM_CELLS } from '../../../../data-plane/memory/shared-memory.ts';
import { createProxyMetrics } from '../../../../data-plane/telemetry/proxy-metrics.ts';
import type { ProxyReadings } from '../../../../data-plane/telemetry/proxy-readings.ts';
import { BOTH, ObservedTraffic } from '../../../../harness/worker/observed-traffic.ts';
import { parsePrometheusText } from '../../../../harness/prometheus-text.ts';

const ORDINARY = completePolicy({ name: 'ordinary' });

describe('the metrics of more pools and listeners than may be named', () => {
  let traffic: ObservedTraffic;
  beforeEach(() => {
    traffic = new ObservedTraffic();
    traffic.run(BOTH);
  });

  const idle = new Float64Array(HISTOGRAM_CELLS);
  const busy = idle.map((_, bucket) => (bucket === 0 ? 5 : 0));
  const samplesOf = async (metrics: Metrics) =>
    [...parsePrometheusText(await metrics.render()).values()]
      .flatMap(({ samples }) => samples)
      .filter(({ name }) => name.startsWith('lb_'));
  const readMany = (count: number, fields: Partial<ProxyReadings> = {}, failed: readonly string[] = []) => {
    const names = Array.from({ length: count }, (_, n) => `n-${n}`);
    const now = traffic.observer.observe();
    const [listener] = now.listeners.values();
    assert.ok(listener);
    return traffic.readings({
      poolConnectSeconds: new Map(names.map((name) => [name, name === 'n-9' ? busy : idle])),
      pools: new Map(
        names.map((name) => [name, { noneHealthy: false, servingTier: 0, policy: ORDINARY, checks: {} }]),
      ),
      observation: {
        ...now,
        backends: new Map(),
        applied: {
          ...now.applied,
          failedListeners: failed.map((name) => ({ listener: name, address: '', reason: '' })),
        },
        listeners: new Map(
          names.map((name, n) => [name, { ...listener, active: 1, accepted: name === 'n-8' ? 99 : n }]),
        ),
      },
      ...fields,
    });
  };

  it('are as many however many there are, and those in trouble and the busiest have names', async () => {
    const many = await samplesOf(createProxyMetrics(() => readMany(1_000, {}, ['n-5']), 2));
    const more = await samplesOf(createProxyMetrics(() => readMany(2_000, {}, ['n-5']), 2));
    assert.equal(more.length, many.length);
    const named = (name: string, label: string) =>
      many.filter((each) => each.name === name).map(({ labels, value }) => `${labels[label]} ${value}`);
    assert.ok(named('lb_pool_panic', 'pool').includes('n-9 0'));
    assert.deepEqual(named('lb_listener_bound', 'listener'), ['n-5 0', 'n-999 1', '(other) 1']);
    assert.deepEqual(named('lb_listener_connections_active', 'listener').at(-1), '(other) 998');
    assert.equal(named('lb_connection_duration_seconds_count', 'listener').length, 2);
  });

  it('name a pool with other than the expected number of healthy backends before a busier one', async () => {
    const { pools } = readMany(20);
    const policy = { ...ORDINARY, expectHealthy: 1 };
    const all = new Map([...pools, ['n-3', { noneHealthy: false, servingTier: 0, policy, checks: {} }]]);
    const samples = await samplesOf(createProxyMetrics(() => readMany(20, { pools: all }), 1));
    const named = samples.filter(({ name }) => name === 'lb_pool_panic').map(({ labels }) => labels['pool']);
    assert.deepEqual(named, ['n-3', '(other)']);
  });

  it('alert in `(other)` too', async () => {
    const pools = new Map(
      ['n-1', 'n-2', 'n-3'].map((pool) => [
        pool,
        { noneHealthy: true, servingTier: 2, policy: ORDINARY, checks: {} },
      ]),
    );
    const samples = await samplesOf(createProxyMetrics(() => readMany(9, { pools }, ['n-5', 'n-6']), 1));
    const other = (name: string) =>
      samples.find((each) => each.name === name && Object.values(each.labels).includes('(other)'))?.value;
    assert.equal(other('lb_pool_panic'), 1);
    assert.equal(other('lb_pool_serving_tier'), 2);
    assert.equal(other('lb_listener_bound'), 0);
  });

  it('count on from scrape to scrape, whoever has a name', async () => {
    let counts: Record<string, number> = {};
    const [first] = traffic.observer.observe().listeners.values();
    assert.ok(first);
    const metrics = createProxyMetrics(() => {
      const listeners = new Map(
        Object.entries(counts).map(([name, accepted]) => [name, { ...first, accepted }]),
      );
      const now = traffic.observer.observe();
      const applied = { ...now.applied, failedListeners: [] };
      return traffic.readings({ observation: { ...now, applied, listeners } });
    }, 1);
    const scrapeOf = async (now: Record<string, number>) => {
      counts = now;
      const samples = await samplesOf(metrics);
      return samples
        .filter(({ name }) => name === 'lb_listener_connections_total')
        .map(({ labels, value }) => `${labels['listener']} ${value}`)
        .join(', ');
    };
    assert.equal(await scrapeOf({ a: 10, b: 5 }), 'a 10, (other) 5');
    assert.equal(await scrapeOf({ a: 11, b: 50 }), 'b 50, (other) 6', 'a grew by one without a name');
    assert.equal(await scrapeOf({ a: 2, b: 51 }), 'b 51, (other) 8', 'another a');
    assert.equal(await scrapeOf({ b: 52 }), 'b 52, (other) 8');
  });
});
