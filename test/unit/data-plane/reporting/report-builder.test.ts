import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadDefinitions } from '../../../../core/wire/definitions.ts';
import { timestampToWire } from '../../../../core/wire/timestamp-codec.ts';
import { buildFirstReports, buildReports } from '../../../../data-plane/reporting/report-builder.ts';
import type { BackendObservation, Observation } from '../../../../data-plane/telemetry/observation.ts';
import { position } from '../../../harness/snapshots.ts';

const nothing: Observation = {
  applied: { running: null, failedListeners: [], rejected: null, fromDisk: false, stale: false },
  backends: new Map(),
  listeners: new Map(),
  workers: [],
};

function backend(address: string, fields: Partial<BackendObservation> = {}): [string, BackendObservation] {
  const counts = { connections: 0, connectFailures: 0, bytesToBackend: 0, bytesFromBackend: 0 };
  const value = {
    pool: 'web',
    address,
    health: 'healthy',
    reason: '',
    sinceMs: 0,
    active: 0,
    ...counts,
  } as const;
  return [`web/${address}`, { ...value, ...fields }];
}

describe('the first report', () => {
  it('says who reports and what runs, even when there is nothing else to say', () => {
    const [first, ...others] = buildFirstReports({ id: 'p1' }, nothing);
    assert.equal(first?.proxy?.id, 'p1');
    assert.equal(first.applied?.position, null);
    assert.deepEqual(others, []);
  });

  it('comes in messages that fit', () => {
    const backends = Array.from({ length: 4_500 }, (_, index) => backend(`10.0.0.1:${index + 1}`));
    const reports = buildFirstReports({ id: 'p1' }, { ...nothing, backends: new Map(backends) });
    assert.deepEqual(
      reports.map((report) => report.backends?.length),
      [2_000, 2_000, 500],
    );
    // Who hears that a revision runs has heard every count by then.
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

describe('what runs', () => {
  it('is told last, after everything that was counted under it', () => {
    const backends = new Map(Array.from({ length: 2_001 }, (_, index) => backend(`10.0.0.1:${index + 1}`)));
    const now = { ...nothing, applied: { ...nothing.applied, fromDisk: true }, backends };
    for (const reports of [buildFirstReports({ id: 'p1' }, now), buildReports(nothing, now)]) {
      assert.deepEqual(
        reports.map(({ applied, backends: part }) => [part?.length, applied?.fromDisk]),
        [
          [2_000, undefined],
          [1, true],
        ],
      );
    }
    assert.deepEqual(
      buildFirstReports({ id: 'p1' }, now).map(({ proxy }) => proxy?.id),
      ['p1', undefined],
    );
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

  const changes: readonly Partial<BackendObservation>[] = [
    { health: 'ejected' },
    { reason: 'timed out' },
    { sinceMs: 1 },
    { active: 1 },
    { connections: 1 },
    { connectFailures: 1 },
    { bytesToBackend: 1 },
    { bytesFromBackend: 1 },
  ];
  for (const change of changes) {
    it(`is made when nothing but ${Object.keys(change).join()} of a backend changed`, () => {
      const before = { ...nothing, backends: new Map([backend('10.0.0.1:80')]) };
      const now = { ...nothing, backends: new Map([backend('10.0.0.1:80', change)]) };
      assert.equal(buildReports(before, now)[0]?.backends?.length, 1);
    });
  }

  it('names what is gone', () => {
    const counts = { active: 0, accepted: 1, bytesFromClients: 0, bytesToClients: 0 };
    const before = {
      ...nothing,
      backends: new Map([backend('10.0.0.1:80')]),
      listeners: new Map([['web', counts]]),
    };
    assert.deepEqual(buildReports(before, nothing), [
      { goneBackends: [{ pool: 'web', address: '10.0.0.1:80' }], goneListeners: ['web'] },
    ]);
  });

  it('tells what runs, what failed and what was refused, in a form that survives the wire', () => {
    const rejected = { position: position(3), violations: [{ field: 'a', description: 'b' }] };
    const applied = {
      running: { position: position(2), hash: 'h2' },
      failedListeners: [{ listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' }],
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
    assert.equal(received.rejected?.position?.revision, '3');
    assert.deepEqual(received.rejected.violations, rejected.violations);
    assert.equal(received.fromDisk, true);
    assert.equal(received.stale, true);
  });
});

describe('timestamps', () => {
  it('split milliseconds into seconds and nanoseconds', () => {
    assert.deepEqual(timestampToWire(1_700_000_000_123), { seconds: '1700000000', nanos: 123_000_000 });
    assert.deepEqual(timestampToWire(0), { seconds: '0', nanos: 0 });
  });
});
