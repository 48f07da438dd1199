import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { BackendSeries } from '../../../../data-plane/telemetry/backend-series.ts';
import { ProxyCounts } from '../../../../data-plane/memory/proxy-counts.ts';
import { createProxyMetrics } from '../../../../data-plane/telemetry/proxy-metrics.ts';
import { ConnectionCounters } from '../../../../data-plane/worker/connection-counters.ts';
import { ObservedTraffic, WEB } from '../../../../harness/worker/observed-traffic.ts';
import { parsePrometheusText, type Sample } from '../../../../harness/prometheus-text.ts';
import * as make from '../../../../harness/snapshots.ts';

const CONNECT = 'lb_backend_connect_duration_seconds';
const FIRST_BYTE = 'lb_backend_first_byte_duration_seconds';
const CONNECTION = 'lb_backend_connection_duration_seconds';

const COUNTERS = ['lb_backend_connections_total', 'lb_backend_connect_failures_total', 'lb_bytes_total'];
const GAUGES = ['lb_backend_connections_active', 'lb_backend_up'];
const LIMIT = 200;

const address = (number: number) => `10.0.${number >> 8}.${number & 255}:80`;

const samplesNamed = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
) =>
  samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );

describe('the series of backends', () => {
  let traffic: ObservedTraffic;
  beforeEach(() => {
    traffic = new ObservedTraffic();
  });

  /** The pool `web` has these backends. */
  const run = (numbers: readonly number[], meanwhile?: () => void) =>
    traffic.run(
      make.snapshot(1, ...WEB, ...numbers.map((number) => make.backend('web', address(number)))),
      meanwhile,
    );
  /** Connections of one backend that took 3 ms to connect and lived for 20. */
  const serve = (number: number, times: number, worker: 0 | 1 = 0) => {
    const { row } = traffic.backend(address(number));
    const accounts = new ConnectionCounters(traffic.workers[worker]);
    for (let time = 0; time < times; time += 1) {
      accounts.accepted(0);
      accounts.established(row, 0, 0, 3);
      accounts.answered(row, 0, 4);
      accounts.bytes(row, 0, 1, 2);
      accounts.closed(0, row, 'completed', 20);
    }
  };
  const samplesOf = (text: string): readonly Sample[] =>
    [...parsePrometheusText(text).values()].flatMap((family) => family.samples);
  const scrapeWith = async (series: BackendSeries) => {
    const { backends } = traffic.observer.observe();
    return samplesOf(await series.render({ ...traffic.observer.readTotals(), backends }));
  };
  /** How many observations each series has, by the label `backend`. All families have as many. */
  const counts = (samples: readonly Sample[]) => {
    const of = (name: string, labels = {}) =>
      Object.fromEntries(
        samplesNamed(samples, name, labels).map((each) => [each.labels['backend'], each.value]),
      );
    const connect = of(`${CONNECT}_count`);
    for (const name of [`${FIRST_BYTE}_count`, `${CONNECTION}_count`, 'lb_backend_connections_total'])
      assert.deepEqual(of(name), connect, name);
    assert.deepEqual(of('lb_bytes_total', { direction: 'to_backend' }), connect);
    return connect;
  };
  const scrape = async (series: BackendSeries) => counts(await scrapeWith(series));

  it('have the buckets of each backend, summed over the workers', async () => {
    run([1, 2]);
    serve(1, 2, 0);
    serve(1, 1, 1);
    const samples = await scrapeWith(new BackendSeries(9));
    const value = (name: string, le?: string) =>
      samples.find(
        ({ labels, ...sample }) =>
          sample.name === name && labels['backend'] === address(1) && labels['le'] === le,
      );
    assert.deepEqual(value(`${CONNECT}_bucket`, '0.0025')?.value, 0);
    assert.deepEqual(value(`${CONNECT}_bucket`, '0.005')?.value, 3);
    assert.deepEqual(value(`${CONNECTION}_bucket`, '0.01')?.value, 0);
    assert.deepEqual(value(`${CONNECTION}_bucket`, '0.05')?.value, 3);
    assert.ok(Math.abs((value(`${CONNECT}_sum`)?.value ?? 0) - 0.009) < 1e-9);
    assert.deepEqual(value(`${CONNECTION}_count`)?.labels, { pool: 'web', backend: address(1) });
    assert.deepEqual(counts(samples), { [address(1)]: 3, [address(2)]: 0 });
  });

  it(`name the ${LIMIT} busiest and fold the rest, the same way every time`, async () => {
    const numbers = Array.from({ length: LIMIT + 50 }, (_, number) => number);
    run(numbers);
    // The last two are the busiest; all others are equal, so that names decide.
    for (const number of numbers) serve(number, 2);
    for (const number of numbers.slice(-2)) serve(number, 10);
    const read = (observer = traffic.observer) => ({
      ...observer.readTotals(),
      observation: observer.observe(),
      counts: new ProxyCounts(),
      connectionLog: null,
      pools: new Map(),
      leadingBack: 0,
      connected: true,
      configAgeSeconds: 0,
      isStateDirWritable: true,
      build: { version: '1', engine: 'epoll' },
    });
    const metrics = createProxyMetrics(() => read(), LIMIT);
    const first = counts(samplesOf(await metrics.render()));
    const byName = numbers.map(address).slice(0, -2).sort();
    const named = [...byName.slice(0, LIMIT - 2), ...numbers.slice(-2).map(address)];
    assert.deepEqual(Object.keys(first).sort(), [...named, 'other'].sort());
    assert.equal(first['other'], 50 * 2);
    assert.deepEqual(counts(samplesOf(await metrics.render())), first);
    const other = traffic.anotherObserver();
    assert.deepEqual(counts(samplesOf(await createProxyMetrics(() => read(other), LIMIT).render())), first);
  });

  it('keep in `other` what it has of a backend that is named then', async () => {
    run([1, 2, 3]);
    const series = new BackendSeries(1);
    serve(1, 5);
    serve(2, 1);
    assert.deepEqual(await scrape(series), { [address(1)]: 5, other: 1 });
    serve(2, 20);
    serve(1, 1);
    // 1 lost its name: what it got since the last scrape is in `other`.
    assert.deepEqual(await scrape(series), { [address(2)]: 21, other: 2 });
    serve(1, 1);
    serve(2, 1);
    serve(3, 1);
    assert.deepEqual(await scrape(series), { [address(2)]: 22, other: 4 });
  });

  it('keep in `other` what it has of a backend that is removed, and what that counted after the last scrape', async () => {
    run([1, 2, 3]);
    const series = new BackendSeries(1);
    serve(1, 5);
    serve(2, 3);
    assert.deepEqual(await scrape(series), { [address(1)]: 5, other: 3 });
    serve(2, 1);
    run([1, 3]);
    assert.deepEqual(await scrape(series), { [address(1)]: 5, other: 4 });
    assert.deepEqual(await scrape(series), { [address(1)]: 5, other: 4 }, 'counted once');
  });

  it('go on for ten minutes under the name of a backend that was removed, with all it counted', async () => {
    run([1, 2]);
    const series = new BackendSeries(2);
    serve(1, 5);
    await scrape(series);
    serve(1, 2);
    run([2]);
    traffic.sweep();
    run([2, 7], () => serve(7, 1));
    traffic.clock.advance(599_000);
    const samples = await scrapeWith(series);
    assert.deepEqual(counts(samples), { [address(2)]: 0, [address(7)]: 1, [address(1)]: 7 });
    for (const name of GAUGES)
      assert.deepEqual(samplesNamed(samples, name, { backend: address(1) }), [], name);
    traffic.clock.advance(1_000);
    assert.deepEqual(await scrape(series), { [address(2)]: 0, [address(7)]: 1 });
  });

  it('are those of the present backend when one comes back', async () => {
    run([1, 2]);
    const series = new BackendSeries(2);
    serve(1, 5);
    await scrape(series);
    run([2]);
    assert.deepEqual(await scrape(series), { [address(2)]: 0, [address(1)]: 5 });
    traffic.sweep();
    run([1, 2], () => serve(1, 1));
    assert.deepEqual(await scrape(series), { [address(1)]: 1, [address(2)]: 0 });
  });

  it('keep the names of at most as many removed backends as may be named', async () => {
    const numbers = [1, 2, 3];
    run(numbers);
    const series = new BackendSeries(2);
    for (const number of numbers) serve(number, 10 - number);
    await scrape(series);
    for (const rest of [[2, 3], [3], []]) {
      run(rest);
      await scrape(series);
    }
    run([4]);
    assert.deepEqual(await scrape(series), { [address(2)]: 8, [address(3)]: 7, [address(4)]: 0 });
  });

  it('end with the pool, as far as they are `other`', async () => {
    run([1, 2]);
    const series = new BackendSeries(1);
    serve(1, 5);
    serve(2, 3);
    assert.deepEqual(await scrape(series), { [address(1)]: 5, other: 3 });
    run([]);
    assert.deepEqual(await scrape(series), { [address(1)]: 5 });
    traffic.clock.advance(600_000);
    assert.deepEqual(await scrape(series), {});
  });

  it('have every family of a backend with a name, and all but `up` of the others', async () => {
    run([1, 2, 3]);
    serve(1, 1);
    Atomics.store(traffic.shared.open, traffic.backend(address(2)).row, 4);
    Atomics.store(traffic.shared.open, traffic.backend(address(3)).row, 5);
    const samples = await scrapeWith(new BackendSeries(1));
    const has = (name: string, backend: string) => samplesNamed(samples, name, { backend }).length > 0;
    for (const name of [...COUNTERS, ...GAUGES]) assert.equal(has(name, address(1)), true, name);
    for (const name of COUNTERS) assert.equal(has(name, 'other'), true, name);
    const [active] = samplesNamed(samples, 'lb_backend_connections_active', { backend: 'other' });
    assert.equal(active?.value, 9);
    assert.equal(has('lb_backend_up', 'other'), false);
  });

  it('start at zero for the next owner of a row', async () => {
    run([1, 2]);
    const series = new BackendSeries(1);
    serve(1, 9);
    serve(2, 5);
    assert.deepEqual(await scrape(series), { [address(1)]: 9, other: 5 });
    const { row } = traffic.backend(address(2));
    run([1]);
    traffic.sweep();
    run([1, 7]);
    assert.equal(traffic.backend(address(7)).row, row);
    serve(7, 1);
    assert.deepEqual(await scrape(series), { [address(1)]: 9, other: 6 });
  });

  it('show what a backend had counted whose row changes hands during a scrape', async () => {
    run([1, 2]);
    serve(2, 5);
    const { backends } = traffic.observer.observe();
    const readings = traffic.observer.readTotals();
    const { row } = traffic.backend(address(2));
    run([1]);
    traffic.sweep();
    run([1, 7], () => {
      assert.equal(traffic.backend(address(7)).row, row);
      serve(7, 3);
    });
    const text = await new BackendSeries(9).render({ ...readings, backends });
    assert.deepEqual(counts(samplesOf(text)), { [address(1)]: 0, [address(2)]: 5 });
  });

  it('keep pools apart, and let the event loop go on while thousands are read', async () => {
    const pools = ['a', 'b'];
    traffic.run(
      make.snapshot(
        1,
        ...WEB,
        ...pools.map((name) => make.pool(name)),
        ...pools.flatMap((name) =>
          Array.from({ length: 2_500 }, (_, number) => make.backend(name, address(number))),
        ),
      ),
    );
    let turns = 0;
    let rendering = true;
    const turn = () => {
      turns += 1;
      if (rendering) setImmediate(turn);
    };
    setImmediate(turn);
    const samples = await scrapeWith(new BackendSeries(10)).finally(() => {
      rendering = false;
    });
    const others = samples.filter(
      ({ name, labels }) => name === `${CONNECT}_count` && labels['backend'] === 'other',
    );
    assert.deepEqual(
      others.map(({ labels }) => labels['pool']),
      pools,
    );
    assert.ok(turns >= 4, `${turns} turns`);
  });
});
