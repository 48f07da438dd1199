/** A proxy that lies or is broken: what it can say of itself, and what becomes of absurd reports. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { proxyViolations } from '../../../../control-plane/fleet/report-limits.ts';
import { CLOSE_REASONS } from '../../../../core/wire/close-reasons.ts';
import {
  applied,
  backendReport,
  listenerReport,
  poolReport,
  proxyInfo,
  report,
} from '../../../../harness/control-plane/reports.ts';
import { StatsRig, traffic, WEB } from '../../../../harness/control-plane/stats-rig.ts';

const KEY = 'web/10.0.0.1:80';

describe('what a proxy says of itself', () => {
  it('is taken when it is short and plain', () => {
    const info = { ...proxyInfo('edge-1.example.com'), zone: 'eu-1a', adminAddress: '[::1]:7100' };
    assert.deepEqual(proxyViolations(info), []);
  });

  it('is refused in words when it is not, all of it at once', () => {
    const found = proxyViolations({
      ...proxyInfo('a b'),
      zone: 'z'.repeat(1_000_000),
      version: '1\n2',
      instanceId: '',
      startedAt: { seconds: '9223372036854775807', nanos: 0 },
    });
    assert.deepEqual(
      found.map(({ field, description }) => `${field} ${description}`),
      [
        'proxy.id has a space, a control character or one that is not ASCII',
        'proxy.zone has 1000000 characters; at most 100 are allowed',
        'proxy.version has a space, a control character or one that is not ASCII',
        'proxy.instance_id is missing',
        'proxy.started_at is not between the years 1970 and 9999',
      ],
    );
  });
});

describe('a lying proxy', () => {
  it('cannot report a pool without a name, or since a time that there is not', () => {
    const rig = new StatsRig();
    const pools = [
      poolReport(''),
      poolReport('late', { servingSince: { seconds: '9223372036854775807', nanos: 0 } }),
      poolReport('pg'),
    ];
    rig.connect('liar').report(report({ pools }));
    assert.deepEqual([...(rig.fleet.list()[0]?.pools.keys() ?? [])], ['pg']);
    assert.equal(rig.fleet.droppedValues, 2);
  });

  it('cannot hide the errors of others behind close reasons that there are not', () => {
    const rig = new StatsRig();
    const [liar, honest] = [rig.connect('liar'), rig.connect('honest')];
    const made = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`made-up-${index}`, '7']));
    liar.report(report({ listeners: [listenerReport('l', { closedTotal: made })] }));
    const failed = (total: number) =>
      report({ listeners: [listenerReport('l', { closedTotal: { connect_failed: String(total) } })] });
    honest.report(failed(0));
    rig.clock.advance(1_000);
    honest.report(failed(30));
    rig.clock.advance(3_000);
    const { total, listeners } = rig.stats.frame();
    assert.ok((total?.errorsPerSecond ?? 0) > 0);
    assert.ok(
      Object.keys(listeners[0]?.closedPerSecond ?? {}).every((reason) =>
        CLOSE_REASONS.includes(reason as never),
      ),
    );
    assert.equal(rig.fleet.droppedValues, 40);
  });

  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
    it(`that reports ${value} leaves rates finite and not negative, and is counted`, () => {
      const rig = new StatsRig();
      rig.configure(WEB);
      const session = rig.connect('liar');
      session.report(report({ backends: [backendReport('web', '10.0.0.1:80')] }));
      rig.clock.advance(1_000);
      const text = String(value);
      const bytes = { ...traffic(KEY), bytesToBackend: [value] };
      const process = { cpuSecondsTotal: value, residentBytes: '0', saturated: false, maxConnections: 0 };
      const listeners = [listenerReport('l', { connectionsTotal: text, closedTotal: { completed: text } })];
      session.report(report({ traffic: bytes, listeners, process }));
      rig.clock.advance(3_000);
      const { total, backends, proxies } = rig.stats.frame();
      const rates = [total, ...backends.map((row) => row.traffic)].flatMap((row) =>
        Object.values(row ?? {}).filter((rate) => typeof rate === 'number'),
      );
      for (const rate of [...rates, proxies[0]?.cpus ?? -1]) assert.ok(rate >= 0 && Number.isFinite(rate));
      assert.equal(rig.fleet.droppedValues, 4);
    });
  }

  it('cannot name what is too long or of no time, or backends that it did not state', () => {
    const rig = new StatsRig();
    const session = rig.connect('liar');
    const long = 'x'.repeat(1_000_000);
    const failed = { listener: long, address: long, reason: `${long}\u001b[2J` };
    session.report(
      report({
        applied: applied(1, {
          position: { storeId: long, version: '1', revision: '1', hash: long, replaces: [long] },
          snapshotHash: long,
          failedListeners: Array.from({ length: 2_000 }, () => ({ ...failed })),
        }),
        backends: [
          backendReport('web', long),
          backendReport('web', '10.0.0.1:80', {
            reason: long,
            since: { seconds: '9223372036854775807', nanos: 0 },
          }),
        ],
        listeners: [listenerReport(long)],
        traffic: traffic('web/unknown', { connections: 5 }),
      }),
    );
    const [proxy] = rig.fleet.list();
    assert.deepEqual([proxy?.backends.size, proxy?.listeners.size], [1, 0]);
    assert.equal(proxy?.backends.get(KEY)?.reason.length, 501);
    assert.equal(proxy?.backends.get(KEY)?.since, null);
    assert.ok(JSON.stringify(proxy?.applied).length < 500 * 3 * 600, 'no text is long');
    assert.deepEqual(
      [proxy?.applied?.failedListeners.length, proxy?.applied?.failedListeners[0]?.reason.length],
      [500, 501],
    );
  });

  it('cannot name too many certificates, or one of no time', () => {
    const rig = new StatsRig();
    const session = rig.connect('liar');
    const expiresAt = { seconds: '9223372036854775807', nanos: 0 };
    const one = () => ({ name: 'www', expiresAt, problem: 'x'.repeat(1_000) });
    session.report(report({ applied: applied(1, { certificates: Array.from({ length: 2_000 }, one) }) }));
    const [first, ...others] = rig.fleet.list()[0]?.applied?.certificates ?? [];
    assert.deepEqual([others.length, first?.expiresAt, first?.problem.length], [999, null, 501]);
  });

  it('cannot name more backends than there can be', () => {
    const rig = new StatsRig();
    const session = rig.connect('liar');
    const many = Array.from({ length: 41_000 }, (_, index) => backendReport('web', `10.0.0.1:${index}`));
    assert.throws(() => session.report(report({ backends: many })), { code: 'RESOURCE_EXHAUSTED' });
    assert.ok((rig.fleet.list()[0]?.backends.size ?? 0) < 41_000);
  });
});
