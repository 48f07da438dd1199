/** When each check is due, and whose turn it is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { POLICY_DEFAULTS } from '../../../../core/model/defaults.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { stepHealth, unknownHealth } from '../../../../data-plane/health/health-machine.ts';
import { CheckTurns, firstDelayMs, intervalMs, jittered } from '../../../../data-plane/health/scheduler.ts';

const at = (ms: number) => ({ wallMs: ms, nowMs: ms });
const check = { ...POLICY_DEFAULTS.healthCheck, intervalMs: 5_000 };
const healthy = stepHealth(unknownHealth(0), { type: 'passed' }, check, at(0));
const faltering = stepHealth(healthy, { type: 'failed', reason: 'refused' }, check, at(0));

describe('timing of checks', () => {
  it('checks few newcomers at once and spreads many over a second', () => {
    const random = seededRandom(1);
    assert.equal(firstDelayMs(3, check, random), 0);
    const delays = Array.from({ length: 1_000 }, () => firstDelayMs(1_000, check, random));
    assert.ok(Math.max(...delays) < 1_000 && Math.max(...delays) > 900 && Math.min(...delays) < 100);
  });

  it('never spreads first checks beyond the interval', () => {
    const delays = Array.from({ length: 100 }, () =>
      firstDelayMs(100, { ...check, intervalMs: 200 }, seededRandom(1)),
    );
    assert.ok(Math.max(...delays) < 200);
  });

  it('waits the interval of unhealthy backends while it is down, and no longer than a second on the way up', () => {
    const down = stepHealth(unknownHealth(0), { type: 'failed', reason: 'refused' }, check, at(0));
    const rising = stepHealth(down, { type: 'passed' }, check, at(0));
    const slow = { ...check, unhealthyIntervalMs: 30_000 };
    assert.deepEqual(
      [down, rising, healthy].map((state) => intervalMs(state, slow, 0)),
      [30_000, 1_000, 5_000],
    );
    assert.equal(intervalMs(down, check, 0), 5_000);
  });

  it('looks at one that is kept out as seldom as at others, and soon at the end of that time', () => {
    const early = { type: 'ejected', reason: '3 early closes', cause: 'early_closes' } as const;
    const out = stepHealth(healthy, early, check, at(0));
    assert.deepEqual(
      [0, 8_000, 9_500, 20_000].map((nowMs) => intervalMs(out, check, nowMs)),
      [5_000, 2_000, 1_000, 1_000],
    );
  });

  it('waits the interval give or take a tenth, and a second on the way up or down', () => {
    for (const [state, interval, middle] of [
      [healthy, 5_000, 5_000],
      [faltering, 5_000, 1_000],
      [faltering, 300, 300],
    ] as const) {
      const random = seededRandom(4);
      const delays = Array.from({ length: 500 }, () =>
        jittered(intervalMs(state, { ...check, intervalMs: interval }, 0), random),
      );
      assert.ok(Math.min(...delays) >= middle * 0.9 && Math.min(...delays) < middle * 0.92);
      assert.ok(Math.max(...delays) <= middle * 1.1 && Math.max(...delays) > middle * 1.08);
    }
  });
});

describe('CheckTurns', () => {
  it('let pools take turns', () => {
    const turns = new CheckTurns<string>(1);
    const waiting = ['a1', 'a2', 'b1', 'b2'];
    assert.ok(turns.take('a', 'a0'));
    for (const check of waiting) assert.ok(!turns.take(check[0]!, check));
    const begun = ['a0'];
    for (let last = 'a0'; begun.length < 5; last = begun.at(-1)!) {
      turns.end(last[0]!);
      begun.push(turns.next()!);
    }
    assert.deepEqual(begun, ['a0', 'a1', 'b1', 'a2', 'b2']);
  });

  it('never runs more than allowed, nor starves a pool, and begins every check once, in order in its pool', () => {
    const step = fc.record({
      pool: fc.constantFrom('a', 'b', 'c'),
      op: fc.constantFrom('take', 'take', 'end', 'give up'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (steps, atOnce) => {
        const turns = new CheckTurns<number>(atOnce);
        const running: string[] = [];
        const waiting = new Map<string, number[]>([
          ['a', []],
          ['b', []],
          ['c', []],
        ]);
        const owners = new Map<number, string>();
        const begin = (check: number) => {
          const pool = owners.get(check) ?? '';
          assert.equal(waiting.get(pool)?.shift(), check);
          running.push(pool);
        };
        for (const [check, { op, pool }] of steps.entries()) {
          const line = waiting.get(pool) ?? [];
          if (op === 'take') {
            owners.set(check, pool);
            line.push(check);
            const free = atOnce - running.length;
            const isAlone = line.length === 1 && !running.includes(pool);
            if (turns.take(pool, check)) begin(check);
            else assert.ok(!isAlone || free === 0, 'a pool without any check goes first');
          } else if (op === 'end' && running.includes(pool)) {
            running.splice(running.indexOf(pool), 1);
            turns.end(pool);
            for (let next = turns.next(); next !== null; next = turns.next()) begin(next);
          } else if (op === 'give up' && line[0] !== undefined) {
            turns.giveUp(pool, line.shift()!);
          }
          assert.ok(running.length <= atOnce);
          assert.ok(running.length > 0 || [...waiting.values()].every(({ length }) => length === 0));
        }
      }),
    );
  });
});
