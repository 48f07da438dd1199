import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { BackendHistograms } from '../../../../data-plane/telemetry/backend-histograms.ts';
import { METRIC_BACKENDS } from '../../../../data-plane/telemetry/busiest-backends.ts';
import { createProxyMetrics } from '../../../../data-plane/telemetry/proxy-metrics.ts';
import { Accounts } from '../../../../data-plane/worker/accounts.ts';
import { ObservedTraffic, WEB } from '../../../harness/observed-traffic.ts';
import { parsePrometheusText, type Sample } from '../../../harness/prometheus-text.ts';
import * as make from '../../../harness/snapshots.ts';

const CONNECT = 'lb_backend_connect_duration_seconds';
const CONNECTION = 'lb_backend_connection_duration_seconds';

const address = (number: number) => `10.0.${number >> 8}.${number & 255}:80`;

describe('the histograms of backends', () => {
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
    const accounts = new Accounts(traffic.workers[worker]);
    for (let time = 0; time < times; time += 1) {
      accounts.accepted(0);
      accounts.established(row, 0, 0, 3);
      accounts.closed(0, row, 'completed', 20);
    }
  };
  const samplesOf = (text: string): readonly Sample[] =>
    [...parsePrometheusText(text).values()].flatMap((family) => family.samples);
  const scrapeWith = async (histograms: BackendHistograms) => {
    const { durationsOf } = traffic.observer.readTraffic();
    return samplesOf(await histograms.render(traffic.observer.observe().backends, durationsOf));
  };
  /** How many observations each series has, by the label `backend`. Both families have as many. */
  const counts = (samples: readonly Sample[]) => {
    const [connect, connection] = [CONNECT, CONNECTION].map((name) =>
      Object.fromEntries(
        samples
          .filter((sample) => sample.name === `${name}_count`)
          .map(({ labels, value }) => [labels['backend'] ?? '', value]),
      ),
    );
    assert.deepEqual(connect, connection);
    return connect;
  };
  const scrape = async (histograms: BackendHistograms) => counts(await scrapeWith(histograms));

  it('have the buckets of each backend, summed over the workers', async () => {
    run([1, 2]);
    serve(1, 2, 0);
    serve(1, 1, 1);
    const samples = await scrapeWith(new BackendHistograms(9));
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

  it(`name the ${METRIC_BACKENDS} busiest and fold the rest, the same way every time`, async () => {
    const numbers = Array.from({ length: METRIC_BACKENDS + 50 }, (_, number) => number);
    run(numbers);
    // The last two are the busiest; all others are equal, so that names decide.
    for (const number of numbers) serve(number, 2);
    for (const number of numbers.slice(-2)) serve(number, 10);
    const read = (observer = traffic.observer) => ({
      ...observer.readTraffic(),
      observation: observer.observe(),
      panic: new Map<string, boolean>(),
      connected: true,
      configAgeSeconds: 0,
    });
    const metrics = createProxyMetrics(() => read());
    const first = counts(samplesOf(await metrics.render()));
    const byName = numbers.map(address).slice(0, -2).sort();
    const named = [...byName.slice(0, METRIC_BACKENDS - 2), ...numbers.slice(-2).map(address)];
    assert.deepEqual(Object.keys(first ?? {}).sort(), [...named, 'other'].sort());
    assert.equal(first?.['other'], 50 * 2);
    assert.deepEqual(counts(samplesOf(await metrics.render())), first);
    const other = traffic.anotherObserver();
    assert.deepEqual(counts(samplesOf(await createProxyMetrics(() => read(other)).render())), first);
  });

  it('have no `other` while all are named', async () => {
    run([1, 2]);
    assert.deepEqual(Object.keys((await scrape(new BackendHistograms(2))) ?? {}), [address(1), address(2)]);
  });

  it('keep in `other` what it has of a backend that is named then', async () => {
    run([1, 2, 3]);
    const histograms = new BackendHistograms(1);
    serve(1, 5);
    serve(2, 1);
    assert.deepEqual(await scrape(histograms), { [address(1)]: 5, other: 1 });
    serve(2, 20);
    serve(1, 1);
    // 1 lost its name: what it got since the last scrape is in `other`.
    assert.deepEqual(await scrape(histograms), { [address(2)]: 21, other: 2 });
    serve(1, 1);
    serve(2, 1);
    serve(3, 1);
    assert.deepEqual(await scrape(histograms), { [address(2)]: 22, other: 4 });
  });

  it('keep in `other` what it has of a backend that is removed, until the pool has no backend', async () => {
    run([1, 2, 3]);
    const histograms = new BackendHistograms(1);
    serve(1, 5);
    serve(2, 3);
    assert.deepEqual(await scrape(histograms), { [address(1)]: 5, other: 3 });
    run([1, 3]);
    assert.deepEqual(await scrape(histograms), { [address(1)]: 5, other: 3 });
    run([1]);
    assert.deepEqual(await scrape(histograms), { [address(1)]: 5, other: 3 });
    run([]);
    assert.deepEqual(await scrape(histograms), {});
    run([1, 3]);
    assert.deepEqual(await scrape(histograms), { [address(1)]: 0, other: 0 });
  });

  it('start at zero for the next owner of a row', async () => {
    run([1, 2]);
    const histograms = new BackendHistograms(1);
    serve(1, 9);
    serve(2, 5);
    assert.deepEqual(await scrape(histograms), { [address(1)]: 9, other: 5 });
    const { row } = traffic.backend(address(2));
    run([1]);
    traffic.sweep();
    run([1, 7]);
    assert.equal(traffic.backend(address(7)).row, row);
    serve(7, 1);
    assert.deepEqual(await scrape(histograms), { [address(1)]: 9, other: 6 });
  });

  it('do not take what a row has for that of an earlier owner, when it changes hands during a scrape', async () => {
    run([1, 2]);
    serve(2, 5);
    const { backends } = traffic.observer.observe();
    const { durationsOf } = traffic.observer.readTraffic();
    const { row } = traffic.backend(address(2));
    run([1]);
    traffic.sweep();
    run([1, 7], () => {
      assert.equal(traffic.backend(address(7)).row, row);
      serve(7, 3);
    });
    const text = await new BackendHistograms(9).render(backends, durationsOf);
    assert.deepEqual(counts(samplesOf(text)), { [address(1)]: 0 });
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
    const samples = await scrapeWith(new BackendHistograms(10)).finally(() => {
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
