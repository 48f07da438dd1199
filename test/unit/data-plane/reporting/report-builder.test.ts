import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { CONNECT_SECONDS } from '../../../../data-plane/memory/shared-memory.ts';
import { buildFirstReports, buildReports } from '../../../../data-plane/reporting/report-builder.ts';
import type {
  BackendObservation,
  ListenerObservation,
  WorkerObservation,
} from '../../../../data-plane/telemetry/observation.ts';
import {
  backendObservation,
  closedCounts,
  histogramOf,
  listenerObservation,
  NO_OBSERVATION,
} from '../../../../harness/worker/observations.ts';
import { position } from '../../../../harness/snapshots.ts';

const nothing = NO_OBSERVATION;

function backend(address: string, fields: Partial<BackendObservation> = {}): [string, BackendObservation] {
  return [`web/${address}`, backendObservation(address, fields)];
}

describe('the first report', () => {
  it('says who reports and what runs, even when there is nothing else to say', () => {
    const [first, ...others] = buildFirstReports({ id: 'p1' }, nothing);
    assert.equal(first?.proxy?.id, 'p1');
    assert.equal(first.applied?.position, null);
    assert.deepEqual(others, []);
  });

  it('comes in messages that fit', () => {
    const fields = { connect: histogramOf(0.000_1), firstByte: histogramOf(0.000_1) };
    const backends = Array.from({ length: 600 }, (_, index) => backend(`10.0.0.1:${index + 1}`, fields));
    const reports = [...buildFirstReports({ id: 'p1' }, { ...nothing, backends: new Map(backends) })];
    assert.deepEqual(
      reports.map((report) => report.backends?.length),
      [250, 250, 100],
    );
    // `applied` comes last: a receiver that learns that a revision runs has every count by then.
    assert.deepEqual(
      reports.map((report) => [report.proxy?.id, report.applied !== undefined]),
      [
        ['p1', false],
        [undefined, false],
        [undefined, true],
      ],
    );
    const { requestSerialize } = loadDefinitions().services.reports.StreamReports;
    for (const report of reports) assert.ok(requestSerialize(report).length < 1_048_576);
  });
});

describe('a report', () => {
  it('carries only the backends that changed', () => {
    const before = { ...nothing, backends: new Map([backend('10.0.0.1:80'), backend('10.0.0.2:80')]) };
    const changed = backend('10.0.0.2:80', { health: 'unhealthy', reason: 'connection refused' });
    const now = { ...before, backends: new Map([backend('10.0.0.1:80'), changed]) };
    const [report, ...others] = buildReports(before, now);
    assert.deepEqual(others, []);
    assert.deepEqual(Object.keys(report ?? {}), ['backends']);
    assert.deepEqual(
      report?.backends?.map((each) => [each.backend?.address, each.health, each.reason]),
      [['10.0.0.2:80', 'HEALTH_UNHEALTHY', 'connection refused']],
    );
  });

  it('leaves out a failure that differs from the one before only in how much the server has sent', () => {
    const at = (reason: string) => ({
      ...nothing,
      backends: new Map([backend('10.0.0.1:80', { health: 'unhealthy', reason })]),
    });
    const before = at('no "role:master" in the first 599 bytes');
    assert.deepEqual([...buildReports(before, at('no "role:master" in the first 600 bytes'))], []);
    assert.equal([...buildReports(before, at('no "+PONG" in the first 599 bytes'))].length, 1);
  });

  const changes: readonly Partial<BackendObservation>[] = [
    { health: 'ejected' },
    { reason: 'timed out' },
    { sinceMs: 1 },
    { active: 1 },
    { connections: 1 },
    { connectFailures: 1 },
    { bytesToBackend: 1 },
    { bytesFromBackend: 1 },
    { connect: histogramOf(0) },
    { firstByte: histogramOf(0) },
  ];
  for (const change of changes) {
    it(`is made when nothing but ${Object.keys(change).join()} of a backend changed`, () => {
      const before = { ...nothing, backends: new Map([backend('10.0.0.1:80')]) };
      const now = { ...nothing, backends: new Map([backend('10.0.0.1:80', change)]) };
      const [report] = buildReports(before, now);
      const isHealth = ['health', 'reason', 'sinceMs'].includes(Object.keys(change)[0] ?? '');
      assert.deepEqual(
        [report?.backends?.length, report?.traffic?.backends],
        isHealth ? [1, undefined] : [undefined, ['web/10.0.0.1:80']],
      );
    });
  }

  const listenerChanges: readonly Partial<ListenerObservation>[] = [
    { active: 1 },
    { accepted: 1 },
    { bytesFromClients: 1 },
    { bytesToClients: 1 },
    { closed: closedCounts({ idle_timeout: 1 }) },
    { connect: histogramOf(0) },
    { firstByte: histogramOf(0) },
    { duration: histogramOf(0) },
  ];
  for (const change of listenerChanges) {
    it(`is made when nothing but ${Object.keys(change).join()} of a listener changed`, () => {
      const before = { ...nothing, listeners: new Map([['web', listenerObservation()]]) };
      const now = { ...nothing, listeners: new Map([['web', listenerObservation(change)]]) };
      assert.equal([...buildReports(before, now)][0]?.listeners?.length, 1);
      assert.deepEqual([...buildReports(now, now)], []);
    });
  }

  const worker = { active: 0, accepted: 0, restarts: 0 };
  for (const field of ['active', 'accepted', 'restarts'] satisfies (keyof WorkerObservation)[]) {
    it(`is made when nothing but ${field} of a worker changed`, () => {
      const before = { ...nothing, workers: [worker, worker] };
      const now = { ...nothing, workers: [worker, { ...worker, [field]: 1 }] };
      assert.deepEqual(
        [...buildReports(before, now)][0]?.workers?.map(({ index }) => index),
        [1],
      );
    });
  }

  it('has the bounds of histograms once, and then the buckets that grew', () => {
    const [first] = buildFirstReports({ id: 'p' }, nothing);
    assert.deepEqual(first?.histogramBounds?.connect, [...CONNECT_SECONDS]);
    const addresses = ['10.0.0.1:80', '10.0.0.2:80'];
    const of = (fields: Partial<BackendObservation>) => ({
      ...nothing,
      backends: new Map(addresses.map((address) => backend(address, fields))),
    });
    const web = { ...nothing, listeners: new Map([['web', listenerObservation()]]) };
    const grown = {
      ...nothing,
      listeners: new Map([['web', listenerObservation({ duration: histogramOf(0) })]]),
    };
    const [report] = buildReports(of({}), of({ connect: histogramOf(0.000_3), active: 2 }));
    assert.deepEqual(report?.traffic, {
      backends: ['web/10.0.0.1:80', 'web/10.0.0.2:80'],
      connectionsActive: [2, 2],
      connections: [0, 0],
      connectFailures: [0, 0],
      bytesToBackend: [0, 0],
      bytesFromBackend: [0, 0],
      connect: [0, 0, 1, 1, 0, 1],
      firstByte: [],
    });
    assert.deepEqual([...buildReports(web, grown)][0]?.listeners?.[0]?.duration, [0, 1]);
  });

  it('states a backend anew whose counters began anew', () => {
    const of = (connections: number) => ({
      ...nothing,
      backends: new Map([backend('10.0.0.1:80', { connections })]),
    });
    const [report] = buildReports(of(5), of(2));
    assert.deepEqual([report?.backends?.[0]?.connectionsTotal, report?.traffic], ['2', undefined]);
  });

  it('has all that was counted of listeners, workers and the process, in a form that survives the wire', () => {
    const web = listenerObservation({
      active: 1,
      accepted: 2,
      bytesFromClients: 3,
      bytesToClients: 4,
      wouldBeLimited: 7,
      closed: closedCounts({ completed: 5, no_backend: 6 }),
      duration: histogramOf(0.25),
    });
    const [report] = buildReports(nothing, {
      ...nothing,
      listeners: new Map([['web', web]]),
      workers: [{ active: 1, accepted: 2, restarts: 3 }],
      process: { cpuSeconds: 1.25, residentBytes: 2 ** 20, saturated: true, maxConnections: 7 },
    });
    assert.ok(report);
    const { requestSerialize, requestDeserialize } = loadDefinitions().services.reports.StreamReports;
    const { listeners, workers, process } = requestDeserialize(requestSerialize(report));
    assert.deepEqual(listeners[0], {
      listener: 'web',
      connectionsActive: 1,
      connectionsTotal: '2',
      bytesFromClientsTotal: '3',
      bytesToClientsTotal: '4',
      closedTotal: { completed: '5', no_backend: '6' },
      wouldBeLimitedTotal: '7',
      connect: [],
      firstByte: [],
      duration: [],
    });
    assert.deepEqual(workers, [{ index: 0, connectionsActive: 1, restarts: 3, connectionsTotal: '2' }]);
    assert.deepEqual(process, {
      cpuSecondsTotal: 1.25,
      residentBytes: '1048576',
      saturated: true,
      maxConnections: 7,
    });
  });

  it('tells what runs, what failed and what was refused, in a form that survives the wire', () => {
    const rejected = { position: position(3), violations: [{ field: 'a', description: 'b' }] };
    const applied = {
      running: { position: position(2), hash: 'h2' },
      failedListeners: [{ listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' }],
      certificates: [
        { name: 'www', expiresAtMs: 2_000_000_000_000, problem: '' },
        { name: 'gone', expiresAtMs: null, problem: 'it is not there' },
      ],
      ownBackends: ['10.0.0.9:80'],
      rejected,
      fromDisk: true,
      stale: true,
    };
    const [report] = buildReports(nothing, { ...nothing, applied });
    assert.ok(report);
    const { requestSerialize, requestDeserialize } = loadDefinitions().services.reports.StreamReports;
    const received = requestDeserialize(requestSerialize(report)).applied;
    assert.equal(received?.position?.revision, '2');
    assert.equal(received.snapshotHash, 'h2');
    assert.deepEqual(received.failedListeners, applied.failedListeners);
    assert.deepEqual(received.certificates, [
      { name: 'www', expiresAt: { seconds: '2000000000', nanos: 0 }, problem: '' },
      { name: 'gone', expiresAt: null, problem: 'it is not there' },
    ]);
    assert.deepEqual(received.ownBackends, applied.ownBackends);
    assert.equal(received.rejected?.position?.revision, '3');
    assert.deepEqual(received.rejected.violations, rejected.violations);
    assert.equal(received.fromDisk, true);
    assert.equal(received.stale, true);
  });
});
