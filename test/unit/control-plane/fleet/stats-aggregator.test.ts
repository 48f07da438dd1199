/** What becomes of counters and histograms that proxies report. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAILURE_REASONS } from '../../../../control-plane/fleet/stats-aggregator.ts';
import type { StatsFrame__Output } from '../../../../core/wire/generated/lb/v1/StatsFrame.ts';
import { timestampFromWire } from '../../../../core/wire/timestamp-codec.ts';
import { CLOSE_REASONS } from '../../../../core/wire/close-reasons.ts';
import { applied, backendReport, listenerReport, report } from '../../../../harness/control-plane/reports.ts';
import { histogramBounds, StatsRig, traffic, WEB } from '../../../../harness/control-plane/stats-rig.ts';

/** A second after the other, `step` with the number of the second, from 1. */
function seconds(rig: StatsRig, count: number, step: (second: number) => void): void {
  for (let second = 1; second <= count; second += 1) {
    rig.clock.advance(1_000);
    step(second);
  }
}

function backend(frame: StatsFrame__Output, address: string) {
  const found = frame.backends.find((row) => row.backend?.address === address);
  assert.ok(found?.traffic, `no backend ${address}`);
  return { ...found, traffic: found.traffic };
}

const rounded = (value: number | undefined) => Math.round((value ?? Number.NaN) * 1_000) / 1_000;

describe('rates', () => {
  it('are what counters grow by in a second, per backend, pool, listener, proxy and in total', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const sessions = [rig.connect('a'), rig.connect('b')];
    seconds(rig, 15, (second) => {
      for (const session of sessions) {
        session.report(
          report({
            backends: [
              backendReport('web', '10.0.0.1:80', {
                connectionsTotal: String(1_000 + 5 * second),
                connectFailuresTotal: String(2 * second),
                bytesToBackendTotal: String(100 * second),
                bytesFromBackendTotal: String(900 * second),
              }),
              backendReport('web', '10.0.0.2:80', { connectionsTotal: String(3 * second) }),
            ],
            listeners: [
              listenerReport('front', {
                connectionsTotal: String(9 * second),
                bytesFromClientsTotal: String(110 * second),
                bytesToClientsTotal: String(910 * second),
                closedTotal: {
                  completed: String(7 * second),
                  connect_failed: String(second),
                  idle_timeout: '4',
                },
              }),
            ],
          }),
        );
      }
    });
    const frame = rig.stats.frame();
    const rates = (traffic: StatsFrame__Output['total'] | undefined) => [
      rounded(traffic?.connectionsPerSecond),
      rounded(traffic?.errorsPerSecond),
      rounded(traffic?.bytesInPerSecond),
      rounded(traffic?.bytesOutPerSecond),
    ];
    assert.deepEqual(rates(backend(frame, '10.0.0.1:80').traffic), [10, 4, 200, 1_800]);
    assert.deepEqual(rates(frame.pools.find((row) => row.pool === 'web')?.traffic), [16, 4, 200, 1_800]);
    assert.deepEqual(rates(frame.listeners[0]?.traffic), [18, 2, 220, 1_820]);
    assert.deepEqual(rates(frame.proxies[0]?.traffic), [9, 1, 110, 910]);
    assert.deepEqual(rates(frame.total), [18, 2, 220, 1_820]);
    assert.deepEqual(frame.listeners[0]?.pool, 'web');
    assert.deepEqual(frame.listeners[0]?.closedPerSecond, { completed: 14, connect_failed: 2 });
  });

  it('are steady although reports are not on time', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const session = rig.connect('a');
    let sent = 0;
    for (const pauseMs of [900, 1_000, 1_050, 980, 1_020, 950, 1_100, 1_000, 990, 1_010, 1_030, 970, 1_000]) {
      rig.clock.advance(pauseMs);
      sent += pauseMs / 10;
      session.report(report({ listeners: [listenerReport('front', { connectionsTotal: String(sent) })] }));
    }
    const { total } = rig.stats.frame();
    assert.ok(Math.abs((total?.connectionsPerSecond ?? 0) - 100) < 2, String(total?.connectionsPerSecond));
  });

  it('give the time that they cover, from the first report on', () => {
    const rig = new StatsRig();
    const session = rig.connect('a');
    const windows: (string | undefined)[] = [];
    seconds(rig, 14, (second) => {
      session.report(
        report({ listeners: [listenerReport('front', { connectionsTotal: String(second * 6) })] }),
      );
      windows.push(rig.stats.frame().window?.seconds);
    });
    assert.deepEqual([windows[0], windows[4], windows[13]], ['1', '3', '10']);
    assert.equal(rounded(rig.stats.frame().total?.connectionsPerSecond), 6);
    const behindMs = rig.clock.wallMs() - timestampFromWire(rig.stats.frame().time!);
    assert.ok(behindMs >= 1_000 && behindMs < 2_000, `${behindMs}`);
  });

  it('count as errors only reasons that exist', () => {
    for (const reason of FAILURE_REASONS)
      assert.ok((CLOSE_REASONS as readonly string[]).includes(reason), reason);
  });
});

describe('a proxy', () => {
  const connections = (total: number, active = 0) =>
    report({
      listeners: [listenerReport('front', { connectionsTotal: String(total), connectionsActive: active })],
      backends: [
        backendReport('web', '10.0.0.1:80', { connectionsTotal: String(total), connectionsActive: active }),
      ],
    });

  it('that restarts is counted from zero: no rate is negative or includes earlier counts', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const before = rig.connect('a', 'first');
    before.report(connections(1_000));
    rig.clock.advance(1_000);
    before.report(connections(1_010));
    rig.clock.advance(500);
    const after = rig.connect('a', 'second');
    after.report(connections(700));
    rig.clock.advance(1_000);
    after.report(connections(720));
    rig.clock.advance(3_000);
    const { total, window } = rig.stats.frame();
    assert.equal(rounded((total?.connectionsPerSecond ?? 0) * Number(window?.seconds)), 30);
  });

  it('whose counter goes down within a stream is counted from zero', () => {
    const { total, window } = StatsRig.reported(connections(1_000), connections(40)).stats.frame();
    assert.equal(rounded((total?.connectionsPerSecond ?? 0) * Number(window?.seconds)), 40);
  });

  it('that is disconnected has no connections and no health, and no rate includes what it did meanwhile', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const session = rig.connect('a');
    session.report(connections(0, 7));
    const seen = () => {
      const frame = rig.stats.frame();
      const { proxiesHealthy } = backend(frame, '10.0.0.1:80');
      return [frame.total?.connectionsActive, proxiesHealthy, frame.proxies[0]?.connected];
    };
    assert.deepEqual(seen(), [7, 1, true]);
    session.close();
    rig.clock.advance(1_000);
    assert.deepEqual(seen(), [0, 0, false]);
    rig.clock.advance(20_000);
    rig.connect('a').report(connections(5_000, 3));
    rig.clock.advance(3_000);
    assert.deepEqual(seen(), [3, 1, true]);
    assert.equal(rig.stats.frame().total?.connectionsPerSecond, 0);
  });

  it('says how busy its process is, and what it runs', () => {
    const rig = new StatsRig();
    const session = rig.connect('a');
    seconds(rig, 13, (second) =>
      session.report(
        report({
          applied: applied(4),
          process: {
            cpuSecondsTotal: 1.5 * second,
            residentBytes: '4096',
            saturated: true,
            maxConnections: 10,
          },
        }),
      ),
    );
    const [proxy] = rig.stats.frame().proxies;
    assert.deepEqual(
      [rounded(proxy?.cpus), proxy?.residentBytes, proxy?.saturated, proxy?.maxConnections, proxy?.revision],
      [1.5, '4096', true, 10, '4'],
    );
  });
});

describe('quantiles of a frame', () => {
  const BOUNDS = [0.001, 0.01, 0.1];
  const first = (bounds: readonly number[] = BOUNDS) =>
    report({
      histogramBounds: histogramBounds(...bounds),
      backends: [backendReport('web', '10.0.0.1:80')],
    });
  const observed = (...connect: readonly number[]) =>
    report({ traffic: traffic('web/10.0.0.1:80', { connect }) });
  const p99 = (rig: StatsRig) => backend(rig.stats.frame(), '10.0.0.1:80').traffic.connect?.p99;

  it('are of what was observed in the window, over all proxies', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const [a, b] = [rig.connect('a'), rig.connect('b')];
    for (const session of [a, b]) session.report(first());
    rig.clock.advance(1_000);
    a.report(observed(100));
    b.report(observed(100));
    rig.clock.advance(3_000);
    assert.equal(rounded(p99(rig)), 0.001);
    assert.equal(rig.stats.frame().pools.find((row) => row.pool === 'web')?.traffic?.connect?.p99, p99(rig));
  });

  it('are not there when nothing was observed', () => {
    const rig = StatsRig.reported(first(), observed());
    assert.equal(p99(rig), undefined);
    assert.equal(backend(rig.stats.frame(), '10.0.0.1:80').traffic.firstByte, null);
  });

  it('include proxies with other buckets', () => {
    const rig = new StatsRig();
    rig.configure(WEB);
    const [old, young] = [rig.connect('a'), rig.connect('b')];
    old.report(first());
    old.report(observed(1));
    young.report(first([0.01, 0.1]));
    rig.clock.advance(1_000);
    young.report(observed(0, 1_000));
    rig.clock.advance(3_000);
    assert.ok((p99(rig) ?? 0) > 0.09 && (p99(rig) ?? 0) <= 0.1);
  });

  for (const [what, start, next] of [
    ['of a stream without bounds', report({ backends: [backendReport('web', '10.0.0.1:80')] }), observed(1)],
    ['with bounds that do not ascend', first([1, 1]), observed(1)],
    ['of a bucket that there is not', first(), observed(0, 0, 0, 0, 5)],
  ] as const) {
    it(`ignore observations ${what}`, () => {
      assert.equal(p99(StatsRig.reported(start, next)), undefined);
    });
  }
});
