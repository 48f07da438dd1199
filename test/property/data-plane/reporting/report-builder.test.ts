import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HEALTH_STATES } from '../../../../core/model/resources.ts';
import { ReportedProxy } from '../../../../control-plane/fleet/proxy-record.ts';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { encodeReport } from '../../../../core/wire/report-codec.ts';
import type { StreamReportsRequest } from '../../../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { buildFirstReports, buildReports } from '../../../../data-plane/reporting/report-builder.ts';
import type { BackendObservation, Observation } from '../../../../data-plane/telemetry/observation.ts';
import { proxyInfo } from '../../../../harness/control-plane/reports.ts';
import { closedCounts, EMPTY_HISTOGRAM, histogramOf } from '../../../../harness/worker/observations.ts';

const count = fc.integer({ min: 0, max: 3 });
const histogram = fc.constantFrom(EMPTY_HISTOGRAM, histogramOf(0.1), histogramOf(0.2));
const backend: fc.Arbitrary<BackendObservation> = fc.record({
  pool: fc.constantFrom('a', 'b'),
  address: fc.constantFrom('10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'),
  health: fc.constantFrom(...HEALTH_STATES),
  reason: fc.constantFrom('', 'connection refused'),
  sinceMs: count,
  active: count,
  removed: fc.boolean(),
  connections: count,
  connectFailures: count,
  bytesToBackend: count,
  bytesFromBackend: count,
  answered: count,
  connect: histogram,
  firstByte: histogram,
});
const observation: fc.Arbitrary<Observation> = fc
  .record({
    backends: fc.uniqueArray(backend, { selector: ({ pool, address }) => `${pool}/${address}` }),
    listeners: fc.dictionary(
      fc.constantFrom('x', 'y', 'z'),
      fc.record({
        active: count,
        accepted: count,
        bytesFromClients: count,
        bytesToClients: count,
        wouldBeLimited: count,
        closed: fc.record({ completed: count, client_reset: count }).map(closedCounts),
        connect: histogram,
        firstByte: histogram,
        duration: histogram,
      }),
    ),
    pools: fc.dictionary(
      fc.constantFrom('x', 'y', 'z'),
      fc.record({ noneHealthy: fc.boolean(), servingTier: count, servingSinceMs: count }),
    ),
    waiting: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: 1, max: 9 })),
    workers: fc.array(fc.record({ active: count, accepted: count, restarts: count }), {
      minLength: 2,
      maxLength: 2,
    }),
    process: fc.record({
      cpuSeconds: count,
      residentBytes: count,
      saturated: fc.boolean(),
      maxConnections: count,
    }),
    fromDisk: fc.boolean(),
    stale: fc.boolean(),
  })
  .map(({ backends, listeners, pools, waiting, workers, process, fromDisk, stale }) => ({
    applied: {
      running: null,
      failedListeners: [],
      certificates: [],
      ownBackends: [],
      rejected: null,
      fromDisk,
      stale,
    },
    backends: new Map(backends.map((each) => [`${each.pool}/${each.address}`, each])),
    listeners: new Map(Object.entries(listeners)),
    pools: new Map(Object.entries(pools)),
    waiting: new Map(Object.entries(waiting)),
    workers,
    process,
  }));

const { requestDeserialize } = loadDefinitions().services.reports.StreamReports;

const NOTHING_USED = { cpuSecondsTotal: 0, residentBytes: '0', saturated: false, maxConnections: 0 };

/** What a control plane knows that takes every message in order: of backends, it is the control plane's own code. */
class Receiver {
  readonly proxy = new ReportedProxy(proxyInfo('p'), 0);
  readonly listeners = new Map<string, unknown>();
  readonly workers = new Map<number, unknown>();
  process: unknown;

  take(report: StreamReportsRequest): void {
    const received = requestDeserialize(encodeReport(report));
    this.process = report.process ?? this.process;
    // Their histograms are increases, and not kept.
    const none = { connect: [], firstByte: [], duration: [] };
    for (const each of received.listeners) this.listeners.set(each.listener, { ...each, ...none });
    for (const name of received.goneListeners) this.listeners.delete(name);
    for (const each of received.workers) this.workers.set(each.index, each);
    this.proxy.apply(received, 0);
  }

  get backends(): ReadonlyMap<string, unknown> {
    return new Map(this.proxy.backends);
  }
}

const sorted = (map: ReadonlyMap<string | number, unknown>) =>
  [...map].sort(([a], [b]) => String(a).localeCompare(String(b)));

describe('reports', () => {
  it('whoever takes every change in order knows the same as whoever is told everything at the end', () => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1, maxLength: 6 }), (observations) => {
        const follower = new Receiver();
        let before: Observation | null = null;
        for (const now of observations) {
          const reports = before ? buildReports(before, now) : buildFirstReports({ id: 'p' }, now);
          for (const report of reports) follower.take(report);
          before = now;
        }
        assert.ok(before);
        const latecomer = new Receiver();
        for (const report of buildFirstReports({ id: 'p' }, before)) latecomer.take(report);
        assert.deepEqual(sorted(follower.backends), sorted(latecomer.backends));
        assert.deepEqual(sorted(follower.listeners), sorted(latecomer.listeners));
        assert.deepEqual(sorted(follower.proxy.pools), sorted(latecomer.proxy.pools));
        assert.deepEqual(sorted(follower.proxy.waiting), sorted(before.waiting));
        assert.deepEqual(sorted(follower.workers), sorted(latecomer.workers));
        assert.deepEqual(follower.proxy.applied, latecomer.proxy.applied);
        // Whoever is told nothing of the process takes it to have used nothing yet.
        assert.deepEqual(follower.process ?? NOTHING_USED, latecomer.process ?? NOTHING_USED);
      }),
    );
  });

  it('nothing is sent when nothing changed', () => {
    fc.assert(
      fc.property(observation, (now) => {
        const same: Observation = { ...now, backends: new Map(now.backends), workers: [...now.workers] };
        assert.deepEqual([...buildReports(now, same)], []);
      }),
    );
  });
});
