import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import { CLOSE_REASONS } from '../../../../data-plane/engine/engine.ts';
import { buildPlan } from '../../../../data-plane/plan/build-plan.ts';
import type { BuiltPlan, DirectoryBackend } from '../../../../data-plane/plan/plan-directory.ts';
import { Observer } from '../../../../data-plane/telemetry/observer.ts';
import { createProxyMetrics, type ProxyReadings } from '../../../../data-plane/telemetry/proxy-metrics.ts';
import { RowAllocator } from '../../../../data-plane/telemetry/rows.ts';
import {
  BACKEND_COUNTERS,
  CONNECT_SECONDS,
  createBuffers,
  HISTOGRAM_CELLS,
  LISTENER_COUNTERS,
  type SharedCells,
  sharedCells,
  WORKER_COUNTERS,
  type WorkerCells,
  workerCells,
} from '../../../../data-plane/telemetry/shared-memory.ts';
import { parsePrometheusText } from '../../../harness/prometheus-text.ts';
import * as make from '../../../harness/snapshots.ts';

const A = '10.0.0.1:80';
const B = '10.0.0.2:80';
const web = [make.pool('web'), make.listener('web', '0.0.0.0:80', 'web')];
const both = make.snapshot(1, ...web, make.backend('web', A), make.backend('web', B));

let rows: RowAllocator;
let shared: SharedCells;
let workers: readonly WorkerCells[];
let observer: Observer;
let built: BuiltPlan | null;
let sequence: number;

function run(snapshot: Snapshot): void {
  sequence += 1;
  const result = buildPlan({ snapshot, sequence, rows, previous: built });
  assert.ok(result.ok);
  built = result.built;
  observer.run(built.directory);
  rows.sweep(sequence);
}

function backendRow(address: string): DirectoryBackend {
  const found = built?.directory.pools
    .flatMap((pool) => pool.backends)
    .find((each) => each.address === address);
  assert.ok(found);
  return found;
}

/** What a worker does for one connection that is open. */
function connect(worker: number, address: string, bytes = 0): DirectoryBackend {
  const { row } = backendRow(address);
  const cells = workers[worker];
  const listener = built?.directory.listeners[0]?.row;
  assert.ok(cells && listener !== undefined);
  Atomics.add(shared.open, row, 1);
  Atomics.add(cells.listenerOpen, listener, 1);
  const add = (array: Float64Array, index: number, by: number) => {
    array[index] = (array[index] ?? 0) + by;
  };
  const start = row * BACKEND_COUNTERS.length;
  add(cells.backends, start + BACKEND_COUNTERS.indexOf('connections'), 1);
  add(cells.backends, start + BACKEND_COUNTERS.indexOf('bytesToBackend'), bytes);
  add(cells.listeners, listener * LISTENER_COUNTERS.length + LISTENER_COUNTERS.indexOf('accepted'), 1);
  return backendRow(address);
}

function readings(fields: Partial<ProxyReadings> = {}): ProxyReadings {
  return {
    ...observer.readTraffic(),
    observation: observer.observe(),
    panic: new Map(),
    connected: true,
    configAgeSeconds: 0,
    saturated: false,
    ...fields,
  };
}

async function scrape(fields: Partial<ProxyReadings> = {}) {
  const text = await createProxyMetrics(() => readings(fields)).render();
  const families = parsePrometheusText(text);
  return (name: string, labels: Record<string, string> = {}) =>
    [...families.values()]
      .flatMap(({ samples }) => samples)
      .find(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      )?.value;
}

beforeEach(() => {
  const buffers = createBuffers(2);
  rows = new RowAllocator(buffers);
  shared = sharedCells(buffers);
  workers = [workerCells(buffers, 0), workerCells(buffers, 1)];
  built = null;
  sequence = 0;
  observer = new Observer({
    buffers,
    healthOf: ({ address }) => ({
      health: address === A ? 'healthy' : 'unhealthy',
      reason: 'why',
      sinceMs: 7,
    }),
    applied: () => ({
      running: { position: make.position(4), hash: 'h' },
      failedListeners: [{ listener: 'taken', address: '0.0.0.0:81', reason: 'EADDRINUSE' }],
      rejected: null,
      fromDisk: false,
    }),
    restarts: () => [0, 1],
  });
});

describe('the observer', () => {
  it('sums what all workers counted', () => {
    run(both);
    connect(0, A, 10);
    connect(1, A, 5);
    const { backends, listeners } = observer.observe();
    const seen = backends.get(`web/${A}`);
    assert.deepEqual([seen?.active, seen?.connections, seen?.bytesToBackend], [2, 2, 15]);
    assert.deepEqual([seen?.health, seen?.reason, seen?.sinceMs], ['healthy', 'why', 7]);
    assert.equal(listeners.get('web')?.active, 2);
    assert.equal(listeners.get('web')?.accepted, 2);
    assert.deepEqual(
      observer.observe().workers.map(({ active }) => active),
      [1, 1],
    );
  });

  it('keeps a removed backend and its counters while it has connections, and drops it then', () => {
    run(both);
    const { row } = connect(0, A, 10);
    run(make.snapshot(2, ...web, make.backend('web', B)));
    assert.equal(observer.observe().backends.get(`web/${A}`)?.bytesToBackend, 10);
    Atomics.sub(shared.open, row, 1);
    assert.equal(observer.observe().backends.has(`web/${A}`), false);
    assert.equal(observer.observe().backends.has(`web/${B}`), true);
  });

  it('does not show the counters of an earlier owner of a row', () => {
    run(both);
    const { row } = connect(0, A, 10);
    Atomics.sub(shared.open, row, 1);
    run(make.snapshot(2, ...web, make.backend('web', B)));
    run(make.snapshot(3, ...web, make.backend('web', B), make.backend('web', '10.0.0.3:80')));
    assert.equal(backendRow('10.0.0.3:80').row, row);
    const { backends } = observer.observe();
    assert.deepEqual([...backends.keys()].sort(), ['web/10.0.0.2:80', 'web/10.0.0.3:80']);
    assert.equal(backends.get('web/10.0.0.3:80')?.connections, 0);
  });

  it('goes on counting where it was when a backend comes back before its last connection ended', () => {
    run(both);
    connect(0, A, 10);
    run(make.snapshot(2, ...web, make.backend('web', B)));
    run(both);
    connect(0, A, 1);
    assert.equal(observer.observe().backends.get(`web/${A}`)?.bytesToBackend, 11);
  });

  it('counts connections of a removed listener until they end', () => {
    run(both);
    connect(1, A);
    run(make.snapshot(2, make.pool('web'), make.backend('web', A)));
    assert.equal(observer.observe().workers[1]?.active, 1);
    assert.equal(observer.observe().listeners.has('web'), true);
    workers[1]?.listenerOpen.fill(0);
    assert.equal(observer.observe().listeners.has('web'), false);
  });

  it('speaks of the new address of a listener that moved, not of the old one', () => {
    run(both);
    connect(0, A);
    run(
      make.snapshot(2, make.pool('web'), make.listener('web', '0.0.0.0:81', 'web'), make.backend('web', A)),
    );
    assert.equal(observer.observe().listeners.get('web')?.accepted, 0);
    assert.equal(observer.observe().workers[0]?.active, 1);
  });
});

describe('the metrics', () => {
  it('have every family of interfaces.md, in a form that parses', async () => {
    run(both);
    const families = parsePrometheusText(await createProxyMetrics(() => readings()).render());
    const expected = {
      lb_listener_connections_total: 'counter',
      lb_listener_connections_active: 'gauge',
      lb_listener_bytes_total: 'counter',
      lb_listener_bound: 'gauge',
      lb_connections_closed_total: 'counter',
      lb_backend_connections_total: 'counter',
      lb_backend_connections_active: 'gauge',
      lb_backend_connect_failures_total: 'counter',
      lb_backend_up: 'gauge',
      lb_bytes_total: 'counter',
      lb_connect_duration_seconds: 'histogram',
      lb_connection_duration_seconds: 'histogram',
      lb_worker_connections_active: 'gauge',
      lb_worker_restarts_total: 'counter',
      lb_config_revision: 'gauge',
      lb_config_age_seconds: 'gauge',
      lb_control_plane_connected: 'gauge',
      lb_pool_panic: 'gauge',
      lb_saturated: 'gauge',
      lb_log_records_dropped_total: 'counter',
    };
    const own = [...families.values()].filter(({ name }) => name.startsWith('lb_'));
    assert.deepEqual(Object.fromEntries(own.map(({ name, type }) => [name, type])), expected);
  });

  it('say what was counted, under the right labels', async () => {
    run(both);
    connect(0, A, 10);
    const [first] = workers;
    assert.ok(first);
    first.worker[CLOSE_REASONS.indexOf('client_reset')] = 3;
    first.worker[WORKER_COUNTERS.indexOf('logDropped')] = 5;
    const value = await scrape({ panic: new Map([['web', true]]), connected: false, configAgeSeconds: 12 });
    const a = { pool: 'web', backend: A };
    const b = { pool: 'web', backend: B };
    assert.equal(value('lb_backend_connections_total', a), 1);
    assert.equal(value('lb_backend_connections_active', a), 1);
    assert.equal(value('lb_backend_connections_total', b), 0);
    assert.equal(value('lb_backend_up', a), 1);
    assert.equal(value('lb_backend_up', b), 0);
    assert.equal(value('lb_bytes_total', { ...a, direction: 'to_backend' }), 10);
    assert.equal(value('lb_listener_connections_total', { listener: 'web' }), 1);
    assert.equal(value('lb_listener_bound', { listener: 'web' }), 1);
    assert.equal(value('lb_listener_bound', { listener: 'taken' }), 0);
    assert.equal(value('lb_connections_closed_total', { reason: 'client_reset' }), 3);
    assert.equal(value('lb_connections_closed_total', { reason: 'completed' }), 0);
    assert.equal(value('lb_worker_connections_active', { worker: '0' }), 1);
    assert.equal(value('lb_worker_restarts_total', { worker: '1' }), 1);
    assert.equal(value('lb_config_revision'), 4);
    assert.equal(value('lb_config_age_seconds'), 12);
    assert.equal(value('lb_control_plane_connected'), 0);
    assert.equal(value('lb_pool_panic', { pool: 'web' }), 1);
    assert.equal(value('lb_log_records_dropped_total'), 5);
  });

  it('give histograms their buckets from shared memory, summed and cumulative', async () => {
    run(both);
    const row = built?.directory.pools[0]?.row ?? -1;
    for (const worker of workers) {
      worker.connectSeconds[row * HISTOGRAM_CELLS] = 2;
      worker.connectSeconds[row * HISTOGRAM_CELLS + CONNECT_SECONDS.length] = 1;
      worker.connectSeconds[row * HISTOGRAM_CELLS + HISTOGRAM_CELLS - 1] = 6.5;
    }
    const value = await scrape();
    const bucket = (le: string) => value('lb_connect_duration_seconds_bucket', { pool: 'web', le });
    assert.equal(bucket('0.0005'), 4);
    assert.equal(bucket('5'), 4);
    assert.equal(bucket('+Inf'), 6);
    assert.equal(value('lb_connect_duration_seconds_count', { pool: 'web' }), 6);
    assert.equal(value('lb_connect_duration_seconds_sum', { pool: 'web' }), 13);
  });

  it('lose the series of a backend that is gone', async () => {
    run(both);
    run(make.snapshot(2, ...web, make.backend('web', B)));
    const value = await scrape();
    assert.equal(value('lb_backend_connections_total', { backend: A }), undefined);
    assert.equal(value('lb_backend_connections_total', { backend: B }), 0);
  });

  it('serve all who ask at once from one reading', async () => {
    run(both);
    let reads = 0;
    const metrics = createProxyMetrics(() => {
      reads += 1;
      return readings();
    });
    const [one, two] = await Promise.all([metrics.render(), metrics.render()]);
    assert.equal(one, two);
    assert.equal(reads, 1);
    await metrics.render();
    assert.equal(reads, 2);
  });

  it('let the event loop go on while thousands of backends are rendered', async () => {
    const many = Array.from({ length: 3_000 }, (_, index) => make.backend('web', `10.0.0.1:${index + 1}`));
    run(make.snapshot(1, ...web, ...many));
    let turns = 0;
    let rendering = true;
    const turn = () => {
      turns += 1;
      if (rendering) setImmediate(turn);
    };
    setImmediate(turn);
    const text = await createProxyMetrics(() => readings())
      .render()
      .finally(() => {
        rendering = false;
      });
    const families = parsePrometheusText(text);
    assert.equal(families.get('lb_bytes_total')?.samples.length, 6_000);
    assert.ok(turns >= 10, `${turns} turns`);
  });
});
