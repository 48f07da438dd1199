/** Traffic as the page shows it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  trafficHistory,
  trafficNow,
  trafficProblems,
} from '../../../../control-plane/dashboard/view/traffic-view.ts';
import type { PastFrame } from '../../../../control-plane/fleet/fleet-stats.ts';
import type { ProxyStats__Output } from '../../../../core/wire/generated/lb/v1/ProxyStats.ts';
import type { StatsFrame__Output } from '../../../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../../../core/wire/generated/lb/v1/TrafficStats.ts';
import { traffic } from '../../../../harness/control-plane/frames.ts';

const ALIVE = proxyStats('a');

function proxyStats(proxyId: string, fields: Partial<ProxyStats__Output> = {}): ProxyStats__Output {
  return {
    proxyId,
    traffic: traffic(),
    connected: true,
    revision: '1',
    cpus: 1,
    residentBytes: '0',
    saturated: false,
    maxConnections: 0,
    ...fields,
  };
}

const past = (one: StatsFrame__Output, rates: Readonly<Record<string, number>> = {}): PastFrame => ({
  frame: one,
  backends: new Map([['web', new Map(Object.entries(rates))]]),
});

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
    proxies: [ALIVE],
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
    const pools = [
      {
        pool: 'web',
        traffic: traffic({ connectionsActive: 3 }),
        backends: 1,
        backendsUp: 1,
        expectedHealthy: 0,
        servingTier: 0,
        waiting: 0,
      },
    ];
    const frames = [
      past(frame(1, { total: traffic({ connectionsPerSecond: 1.234567891 }) }), { old: 4 }),
      past(frame(2, { pools }), { new: 5 }),
    ];
    const all = trafficHistory(frames, '');
    assert.deepEqual([all.timeMs, all.columns['rate'], all.backends], [[1_500, 2_500], [1.234568, 0], []]);
    const { columns, backends } = trafficHistory(frames, 'pools/web');
    assert.deepEqual(columns['active'], [null, 3]);
    assert.deepEqual(backends, [
      ['old', [4, null]],
      ['new', [null, 5]],
    ]);
  });

  it('is unknown, and never zero, while no proxy is connected', () => {
    const away = frame(1, { proxies: [proxyStats('a', { connected: false })], listeners: [listener({})] });
    assert.deepEqual(trafficHistory([past(away)], '').columns['rate'], [null]);
    const { traffic: now, point, listeners, proxies } = trafficNow(away, '', away);
    assert.deepEqual([now, point['active'], listeners, proxies], [null, null, [], []]);
  });

  it('has the share of its connections that a fleet, or a proxy, uses', () => {
    const busy = (id: string, connectionsActive: number, maxConnections: number) =>
      proxyStats(id, { traffic: traffic({ connectionsActive }), maxConnections });
    const now = frame(1, { proxies: [busy('a', 30, 100), busy('b', 30, 200), busy('c', 5, 0)] });
    const used = ['', 'proxies/a', 'pools/web'].map((page) => trafficNow(now, page, now).point['capacity']);
    assert.deepEqual(used, [0.2, 0.3, null]);
  });

  it('is a frame of now, with what is wrong in it, or with one pool', () => {
    const now = frame(3, { listeners: [listener({ errorsPerSecond: 5, connectionsPerSecond: 5 })] });
    const { timeMs, problems } = trafficNow(now, '', now);
    assert.deepEqual([timeMs, problems.counts.critical], [3_500, 1]);
    const critical = ['listeners/front', 'pools/web', 'pools/api'].map(
      (page) => trafficNow(frame(3), page, now).pageProblems.counts.critical,
    );
    assert.deepEqual(critical, [1, 1, 0]);
    assert.equal(trafficNow(frame(3), 'pools/api', now).problems.counts.critical, 1);
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
    const full = proxyStats('a', { saturated: true, maxConnections: 9_000 });
    const [problem] = trafficProblems(frame(1, { proxies: [full] }));
    assert.deepEqual(
      [problem?.severity, problem?.what],
      ['critical', 'Proxy a: connection limit reached; new clients wait'],
    );
  });
});
