/** Traffic as the page shows it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  trafficHistory,
  trafficNow,
  trafficProblems,
} from '../../../../control-plane/dashboard/view/traffic-view.ts';
import type { StatsFrame__Output } from '../../../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../../../core/wire/generated/lb/v1/TrafficStats.ts';
import { traffic } from '../../../../harness/control-plane/frames.ts';

function frame(seconds: number, fields: Partial<StatsFrame__Output> = {}): StatsFrame__Output {
  return {
    time: { seconds: String(seconds), nanos: 500_000_000 },
    revision: '1',
    window: null,
    total: traffic(),
    listeners: [],
    pools: [],
    backends: [],
    moreBackends: 0,
    proxies: [],
    ...fields,
  };
}

const listener = (fields: Partial<TrafficStats__Output>, closedPerSecond: Record<string, number> = {}) => ({
  listener: 'front',
  pool: 'web',
  traffic: traffic(fields),
  closedPerSecond,
});

describe('the traffic of the page', () => {
  it('is columns of the past, of everything or of one pool', () => {
    const pools = [{ pool: 'web', traffic: traffic({ connectionsActive: 3 }), backends: 1, backendsUp: 1 }];
    const frames = [frame(1, { total: traffic({ connectionsPerSecond: 1.23456 }) }), frame(2, { pools })];
    assert.deepEqual(trafficHistory(frames, '').timeMs, [1_500, 2_500]);
    assert.deepEqual(trafficHistory(frames, '').rate, [1.235, 0]);
    assert.deepEqual(trafficHistory(frames, 'web').active, [0, 3]);
  });

  it('is a frame of now, with what is wrong in it, or with one pool', () => {
    const now = frame(3, { listeners: [listener({ errorsPerSecond: 5, connectionsPerSecond: 5 })] });
    const { timeMs, problems } = trafficNow(now, '');
    assert.deepEqual([timeMs, problems.counts.critical], [3_500, 1]);
    const rows = ['web', 'api'].map((pool) => trafficNow(now, pool).problems.rows.length);
    assert.deepEqual(rows, [1, 0]);
  });

  it('says that connections fail, how many, and why', () => {
    const closed = { connect_failed: 3, completed: 40, no_backend: 1 };
    const [problem] = trafficProblems(
      frame(1, { listeners: [listener({ errorsPerSecond: 4, connectionsPerSecond: 44.4 }, closed)] }),
    );
    assert.deepEqual(
      [problem?.severity, problem?.what, problem?.why],
      [
        'warning',
        '4 of 44 connections a second to listener front fail',
        ['connect failed: 3 a second', 'no backend: 1 a second'],
      ],
    );
  });

  it('calls it critical when most fail, and nothing when hardly any do', () => {
    const severity = (errors: number, rate: number) =>
      trafficProblems(
        frame(1, { listeners: [listener({ errorsPerSecond: errors, connectionsPerSecond: rate })] }),
      ).map((problem) => problem.severity);
    assert.deepEqual(severity(6, 10), ['critical']);
    assert.deepEqual(severity(0.1, 1_000), []);
    assert.deepEqual(severity(0, 0), []);
  });

  it('says that a proxy is full', () => {
    const full = {
      proxyId: 'a',
      traffic: traffic(),
      connected: true,
      revision: '1',
      cpus: 1,
      residentBytes: '0',
      saturated: true,
      maxConnections: 9_000,
    };
    const [problem] = trafficProblems(frame(1, { proxies: [full] }));
    assert.deepEqual(
      [problem?.severity, problem?.what],
      ['critical', 'Proxy a: connection limit reached; new clients wait'],
    );
  });
});
