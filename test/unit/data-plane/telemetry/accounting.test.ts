import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { NO_ROW } from '../../../../data-plane/engine/engine.ts';
import {
  acceptedConnections,
  backendCounts,
  closedOfListener,
  listenerCounts,
} from '../../../../data-plane/memory/counters.ts';
import {
  CONNECT_SECONDS,
  CONTROL,
  createBuffers,
  DURATION_SECONDS,
  FIRST_BYTE_SECONDS,
  HISTOGRAM_CELLS,
  type HistogramName,
  sharedCells,
  type WorkerCells,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';
import { histogramOf } from '../../../../data-plane/memory/backend-totals.ts';
import { ConnectionCounters } from '../../../../data-plane/worker/connection-counters.ts';
import { LostWorkers } from '../../../../data-plane/worker/pool/lost-worker.ts';
import { benchOf } from '../../../../harness/worker/handler-bench.ts';
import { HEALTHY, ObservedTraffic, BOTH } from '../../../../harness/worker/observed-traffic.ts';

/** A histogram in words: what each bucket with an observation holds, by its upper bound, and the sum in milliseconds. */
function histogram(cells: ArrayLike<number>, bounds: readonly number[], row = 0): Record<string, number> {
  const own = Array.from(cells).slice(row * HISTOGRAM_CELLS, (row + 1) * HISTOGRAM_CELLS);
  const sumMs = Math.round((own.pop() ?? 0) * 1e6) / 1e3;
  const filled = own.flatMap((count, at) => (count === 0 ? [] : [[`le ${bounds[at] ?? 'inf'}`, count]]));
  return { ...(Object.fromEntries(filled) as Record<string, number>), sumMs };
}

const connects = (cells: WorkerCells, name: HistogramName, row = 0) =>
  histogram(cells[name], CONNECT_SECONDS, row);
const durations = (cells: WorkerCells, name: HistogramName, row = 0) =>
  histogram(cells[name], DURATION_SECONDS, row);

const firstBytes = (cells: WorkerCells, name: HistogramName, row = 0) =>
  histogram(cells[name], FIRST_BYTE_SECONDS, row);

describe('accounting', () => {
  it('has a connection with all it took in the rows of its backend, pool and listener when it is closed', () => {
    const bench = benchOf({ backends: { 1: 1, 2: 1 } });
    const { own } = bench;
    const failed = bench.row(bench.accept(0));
    bench.clock.advance(700);
    const row = bench.row(bench.fail(0));
    bench.clock.advance(3);
    bench.handler.onEstablished(0);
    const connect = { 'le 0.005': 1, sumMs: 3 };
    assert.deepEqual(connects(own, 'backendConnectSeconds', row), connect);
    assert.deepEqual(connects(own, 'poolConnectSeconds'), connect);
    assert.deepEqual(connects(own, 'listenerConnectSeconds'), connect);
    assert.deepEqual(durations(own, 'backendDurationSeconds', row), { sumMs: 0 }, 'it is still open');
    bench.clock.advance(2_000);
    bench.handler.onBytes(0, 11, 22);
    bench.handler.onClosed(0, 'completed');
    const life = { 'le 5': 1, sumMs: 2_703 };
    assert.deepEqual(durations(own, 'backendDurationSeconds', row), life);
    assert.deepEqual(durations(own, 'listenerDurationSeconds'), life);
    assert.deepEqual(backendCounts([own], row), {
      connections: 1,
      connectFailures: 0,
      bytesToBackend: 11,
      bytesFromBackend: 22,
      answered: 1,
    });
    assert.deepEqual(Object.values(backendCounts([own], failed)), [0, 1, 0, 0, 0]);
    assert.deepEqual(connects(own, 'backendConnectSeconds', failed), { sumMs: 0 });
    assert.deepEqual(durations(own, 'backendDurationSeconds', failed), { sumMs: 0 });
  });

  it('has the time of the first byte to the client, once, from the accept on', () => {
    const bench = benchOf({ backends: { 1: 1 } });
    const first = () => firstBytes(bench.own, 'listenerFirstByteSeconds');
    for (const slot of [0, 0]) {
      bench.accept(slot);
      bench.clock.advance(10);
      bench.handler.onEstablished(slot);
      bench.handler.onBytes(slot, 5, 0);
      bench.clock.advance(20);
      bench.handler.onBytes(slot, 0, 1);
      bench.clock.advance(1_000);
      bench.handler.onBytes(slot, 0, 1);
      bench.handler.onClosed(slot, 'completed');
    }
    assert.deepEqual(first(), { 'le 0.05': 2, sumMs: 60 });
    assert.deepEqual(firstBytes(bench.own, 'backendFirstByteSeconds', bench.row('1')), first());
    assert.equal(backendCounts([bench.own], bench.row('1')).answered, 2);
    bench.accept(1);
    bench.handler.onEstablished(1);
    bench.handler.onBytes(1, 5, 0);
    bench.handler.onClosed(1, 'client_reset');
    assert.equal(backendCounts([bench.own], bench.row('1')).answered, 2, 'this client got nothing');
  });

  it('has what ended each connection at its listener, that of a lost worker too', () => {
    const buffers = createBuffers(1);
    const own = workerCells(buffers, 0);
    const accounts = new ConnectionCounters(own);
    for (const reason of ['completed', 'completed', 'no_backend', null] as const) {
      accounts.accepted(1);
      if (reason) accounts.closed(1, NO_ROW, reason, 1);
    }
    assert.equal(new LostWorkers(buffers, null).takeOut(0), 1);
    const closed = closedOfListener([own], 1);
    assert.deepEqual([closed.completed, closed.no_backend, closed.worker_lost], [2, 1, 1]);
    assert.equal(Math.max(...Object.values(closedOfListener([own], 0))), 0);
    assert.equal(acceptedConnections(own), 4);
  });

  it('shows bytes of a connection that is still open', () => {
    const bench = benchOf({ backends: { 1: 1 } });
    bench.accept(0);
    bench.handler.onEstablished(0);
    bench.handler.onBytes(0, 5, 7);
    bench.handler.onBytes(0, 1, 0);
    const { bytesToBackend, bytesFromBackend } = backendCounts([bench.own], bench.row('1'));
    assert.deepEqual([bytesToBackend, bytesFromBackend], [6, 7]);
    const { bytesFromClients, bytesToClients, active } = listenerCounts([bench.own], 0);
    assert.deepEqual([bytesFromClients, bytesToClients, active], [6, 7, 1]);
  });

  it('has the life of a connection that no backend got in its listener alone', () => {
    const bench = benchOf({ backends: { 1: 1 }, retries: 0 });
    bench.accept(0);
    bench.clock.advance(20);
    bench.fail(0);
    bench.handler.onClosed(0, 'connect_failed');
    // Given up in the middle of an attempt, while its backend is reserved.
    bench.accept(1);
    bench.clock.advance(20);
    bench.handler.onClosed(1, 'client_reset');
    assert.deepEqual(durations(bench.own, 'listenerDurationSeconds'), { 'le 0.05': 2, sumMs: 40 });
    assert.deepEqual(durations(bench.own, 'backendDurationSeconds', bench.row('1')), { sumMs: 0 });
    assert.deepEqual(connects(bench.own, 'poolConnectSeconds'), { sumMs: 0 });
  });

  it('writes to the row of a backend only while the connection holds it', (t) => {
    const bench = benchOf({ backends: { 1: 1 } });
    const openWhenWritten: number[] = [];
    const { closed } = ConnectionCounters.prototype;
    t.mock.method(
      ConnectionCounters.prototype,
      'closed',
      function (this: ConnectionCounters, ...rest: Parameters<typeof closed>) {
        openWhenWritten.push(bench.allOpen);
        closed.apply(this, rest);
      },
    );
    bench.accept(0);
    bench.handler.onEstablished(0);
    bench.handler.onClosed(0, 'completed');
    assert.deepEqual([openWhenWritten, bench.allOpen], [[1], 0]);
  });

  it('counts what is exactly at a bound below it, and what is above the last one too', () => {
    const own = workerCells(createBuffers(1), 0);
    const accounts = new ConnectionCounters(own);
    for (const ms of [0, 0.5, 0.500_1, 5_000, 5_001]) accounts.established(4, 3, 2, ms);
    const expected = { 'le 0.0005': 2, 'le 0.001': 1, 'le 5': 1, 'le inf': 1, sumMs: 10_002 };
    assert.deepEqual(connects(own, 'backendConnectSeconds', 4), expected);
    assert.deepEqual(connects(own, 'poolConnectSeconds', 3), expected);
    assert.deepEqual(connects(own, 'listenerConnectSeconds', 2), expected);
    for (const ms of [10, 86_400_000, 86_400_001]) accounts.closed(2, 4, 'completed', ms);
    const lives = { 'le 0.01': 1, 'le 86400': 1, 'le inf': 1, sumMs: 172_800_011 };
    assert.deepEqual(durations(own, 'listenerDurationSeconds', 2), lives);
    assert.deepEqual(durations(own, 'backendDurationSeconds', 4), lives);
    for (const name of ['backendConnectSeconds', 'backendDurationSeconds'] as const)
      for (const neighbour of [3, 5]) assert.deepEqual(connects(own, name, neighbour), { sumMs: 0 });
  });

  it('keeps what a lost worker had counted', () => {
    const buffers = createBuffers(2);
    const own = workerCells(buffers, 1);
    const shared = sharedCells(buffers);
    const accounts = new ConnectionCounters(own);
    for (const durationMs of [20, null]) {
      accounts.accepted(0);
      accounts.established(0, 0, 0, 3);
      accounts.bytes(0, 0, 5, 7);
      if (durationMs !== null) accounts.closed(0, 0, 'completed', durationMs);
    }
    own.backendOpen[0] = 1;
    shared.open[0] = 1;
    shared.control[CONTROL.connections] = 1;
    assert.equal(new LostWorkers(buffers, null).takeOut(1), 1);
    const workers = [workerCells(buffers, 0), own];
    const { connections, bytesToBackend, bytesFromBackend } = backendCounts(workers, 0);
    assert.deepEqual([shared.open[0], connections, bytesToBackend, bytesFromBackend], [0, 2, 10, 14]);
    const { accepted, active, bytesFromClients } = listenerCounts(workers, 0);
    assert.deepEqual([accepted, active, bytesFromClients], [2, 0, 10]);
    const kept = { 'le 0.005': 2, sumMs: 6 };
    for (const name of ['backendConnectSeconds', 'poolConnectSeconds', 'listenerConnectSeconds'] as const) {
      assert.deepEqual(connects(own, name), kept, name);
    }
    for (const name of ['backendDurationSeconds', 'listenerDurationSeconds'] as const) {
      assert.deepEqual(durations(own, name), { 'le 0.05': 1, sumMs: 20 }, name);
    }
  });
});

describe('the observer of accounts', () => {
  let traffic: ObservedTraffic;
  beforeEach(() => {
    traffic = new ObservedTraffic();
    traffic.run(BOTH);
  });

  it('sums the durations of all workers, by backend, pool and listener', () => {
    const { row } = traffic.backend(HEALTHY);
    const pool = traffic.built.directory.pools[0]?.row ?? -1;
    const listener = traffic.built.directory.listeners[0]?.row ?? -1;
    for (const cells of traffic.workers) {
      const accounts = new ConnectionCounters(cells);
      accounts.established(row, pool, listener, 3);
      accounts.answered(row, listener, 4);
      accounts.closed(listener, row, 'completed', 20);
    }
    const { totalsOf, poolConnectSeconds } = traffic.observer.readTotals();
    const { backends, listeners } = traffic.observer.observe();
    const total = totalsOf(`web/${HEALTHY}`)?.total;
    const web = listeners.get('web');
    const backend = backends.get(`web/${HEALTHY}`);
    assert.ok(total && web && backend);
    const connects = [
      histogramOf(total, 'backendConnectSeconds'),
      poolConnectSeconds.get('web') ?? [],
      web.connect,
      backend.connect,
    ];
    for (const counts of connects)
      assert.deepEqual(histogram(counts, CONNECT_SECONDS), { 'le 0.005': 2, sumMs: 6 });
    for (const counts of [web.firstByte, backend.firstByte])
      assert.deepEqual(histogram(counts, FIRST_BYTE_SECONDS), { 'le 0.005': 2, sumMs: 8 });
    for (const counts of [histogramOf(total, 'backendDurationSeconds'), web.duration])
      assert.deepEqual(histogram(counts, DURATION_SECONDS), { 'le 0.05': 2, sumMs: 40 });
    assert.deepEqual([web.closed.completed, web.closed.client_reset], [2, 0]);
  });
});
