/** What no backend is to suffer from: other pools, shortages of this host, and listeners of its own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checksAtOnce } from '../../../../data-plane/host/connection-limit.ts';
import { AT_ONCE, healthRig, poolOf } from '../../../../harness/proxy/health-rig.ts';

describe('the health monitor', () => {
  for (const others of [1, 5]) {
    it(`checks a backend of one pool at once while ${others} other pools are silent and larger than all checks`, () => {
      const { clock, checker, run } = healthRig();
      const silent = Array.from({ length: others }, (_, pool) =>
        poolOf(
          `silent-${pool}`,
          pool + 1,
          Array.from({ length: 2 * AT_ONCE }, (_, at) => ({ row: 1 + pool * 2 * AT_ONCE + at })),
        ),
      );
      run(poolOf('web', 0, [{ row: 0 }]), ...silent);
      clock.advance(1_000);
      checker.pass(1_000);
      const each = silent.map(({ backends }) => {
        const ports = new Set(backends.map(({ port }) => port));
        return checker.ports.filter((port) => ports.has(port)).length;
      });
      assert.ok(Math.min(...each) > Math.floor(AT_ONCE / (others + 1)) - 5, `${each.join(' ')} checks`);
      clock.advance(6_000);
      assert.ok(checker.ports.includes(1_000), 'it waits for nobody');
      const started = checker.started;
      for (const port of checker.ports.filter((each) => each !== 1_000)) checker.fail(port, 'timed out');
      assert.ok(checker.started - started > AT_ONCE / 2, 'the silent ones take their turns');
    });
  }

  for (const [silent, where] of [
    [1_000, 'another pool'],
    [2_000, 'another pool'],
    [2_000, 'the same pool'],
  ] as const) {
    it(`finds one that went down as soon while ${silent} backends of ${where} are silent`, () => {
      const { clock, checker, run, cell } = healthRig(checksAtOnce(20_000));
      const rows = Array.from({ length: silent }, (_, at) => ({ row: 100 + at }));
      const own = Array.from({ length: 50 }, (_, row) => ({ row }));
      if (where === 'the same pool') run(poolOf('web', 0, [...own, ...rows]));
      else run(poolOf('web', 0, own), poolOf('silent', 1, rows));
      const begunMs = new Map<object, number>();
      let isDown = false;
      const passes = (ms: number, until = () => false) => {
        const fromMs = clock.nowMs();
        while (clock.nowMs() - fromMs < ms && !until()) {
          clock.advance(20);
          for (const check of checker.running.slice()) {
            const { port } = check.target;
            const sinceMs = begunMs.get(check) ?? clock.nowMs();
            begunMs.set(check, sinceMs);
            if (port === 1_007 && isDown) checker.fail(port);
            else if (port < 1_100) checker.pass(port);
            else if (clock.nowMs() - sinceMs >= 2_000) checker.fail(port, 'timed out after 2s');
          }
        }
        return clock.nowMs() - fromMs;
      };
      passes(20_000);
      isDown = true;
      const foundMs = passes(60_000, () => cell(7) === 'unhealthy');
      assert.ok(foundMs <= 5_500 + 2 * 1_100 + 100, `${foundMs} ms`);
    });
  }

  it('begins the next check when the last one has ended, where a timeout is longer than its interval', () => {
    const { clock, checker, run } = healthRig(2);
    const slow = { intervalMs: 1_000, timeoutMs: 10_000 };
    run(poolOf('slow', 0, [{ row: 0 }], slow), poolOf('web', 1, [{ row: 1 }], slow));
    checker.pass(1_001);
    clock.advance(8_000);
    assert.deepEqual([checker.ports, checker.started], [[1_000, 1_001], 3], 'the other goes on meanwhile');
    checker.fail(1_000, 'timed out after 10s');
    assert.deepEqual(checker.ports, [1_001, 1_000], 'what was due meanwhile begins at once');
    checker.pass(1_000);
    for (let times = 0; times < 2; times += 1) checker.pass(1_001);
    assert.deepEqual(checker.ports, []);
    clock.advance(1_200);
    assert.deepEqual(new Set(checker.ports), new Set([1_000, 1_001]), 'and no more often than due');
  });

  for (const [what, check, announced] of [
    ['is announced', { type: 'http' }, ['v2', undefined]],
    ['is not where the policy says so', { type: 'http', proxyProtocol: 'off' }, [undefined]],
    ['is not on another port than that of the traffic', { type: 'http', port: 8_008 }, [undefined]],
    ['is not where it ends before a program could read', { type: 'tcp' }, [undefined]],
  ] as const)
    it(`of a pool that sends PROXY headers: a check ${what}`, () => {
      const { checker, run } = healthRig();
      const sending = poolOf('sending', 0, [{ row: 0, port: 1_000 }], check);
      run({ ...sending, proxyProtocol: 'v2' }, poolOf('plain', 1, [{ row: 1, port: 1_000 }], check));
      const headers = checker.running.map(({ target }) => target.announcedBy);
      assert.deepEqual(headers, announced);
    });

  it('asks again, and judges by that, when a pool begins to send PROXY headers', () => {
    const { checker, run, cell } = healthRig();
    const pool = poolOf('web', 0, [{ row: 0 }], { type: 'http' });
    run(pool);
    checker.pass(1_000);
    run({ ...pool, proxyProtocol: 'v1' });
    assert.deepEqual(checker.ports, [1_000]);
    checker.fail(1_000);
    assert.equal(cell(0), 'unhealthy');
  });

  it('never takes a backend down, nor calls it up, because this host ran out of something', () => {
    const { clock, checker, run, health, told } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }, { row: 1 }], { unhealthyThreshold: 1 }));
    const shortage = { type: 'shortage', reason: 'out of ports' } as const;
    checker.pass(1_000);
    checker.end(1_001, shortage);
    assert.equal(health(1), 'unknown: out of ports');
    for (let n = 0; n < 20; n++) {
      clock.advance(6_000);
      for (const port of [1_000, 1_001]) checker.end(port, shortage);
    }
    assert.equal(health(0), 'healthy: passed its first check');
    assert.equal(health(1), 'unknown: out of ports');
    assert.equal(told.filter((line) => line === 'shortage: out of ports').length, 3, 'once a minute');
    clock.advance(6_000);
    checker.fail(1_000);
    assert.equal(health(0), 'unhealthy: connection refused');
  });

  it('forgets results that prove nothing when one does: they count in a row, not over days', () => {
    const { clock, checker, run, cell } = healthRig();
    run(poolOf('web', 0, [{ row: 0 }], { unhealthyThreshold: 1 }));
    checker.pass(1_000);
    for (let n = 0; n < 12; n++) {
      clock.advance(6_000);
      if (n % 4 === 3) checker.pass(1_000);
      else checker.end(1_000, { type: 'inconclusive', reason: 'stood still' });
      assert.equal(cell(0), 'healthy');
    }
  });

  it('does not check a backend that leads back, says why, and checks it once it does not', () => {
    const { checker, run, cell, health, monitor } = healthRig();
    const leadsBack = 'leads back to the listener a of this proxy';
    run(
      poolOf('web', 0, [{ row: 0, leadsBack }]),
      poolOf('blind', 1, [{ row: 1, leadsBack }], { type: 'none' }),
    );
    assert.deepEqual(checker.ports, []);
    for (const row of [0, 1]) assert.equal(health(row), `unhealthy: ${leadsBack}`);
    assert.equal(cell(0), 'unhealthy');
    assert.equal(monitor.leadingBack(), 2);
    assert.equal(monitor.poolStates().get('web')?.noneHealthy, false, 'panic would not use it');
    run(poolOf('web', 0, [{ row: 0 }]), poolOf('blind', 1, [{ row: 1 }], { type: 'none' }));
    checker.pass(1_000);
    assert.deepEqual([cell(0), cell(1)], ['healthy', 'healthy']);
  });
});
