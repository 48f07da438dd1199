import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type HealthEvent,
  type HealthState,
  isInTransition,
  stepHealth,
  unknownHealth,
} from '../../../../data-plane/health/health-machine.ts';

const thresholds = { healthyThreshold: 2, unhealthyThreshold: 3 };

/** P passed, F failed, E ejected, D disabled, A enabled again, U pool without checks. */
const EVENTS: Record<string, HealthEvent> = {
  P: { type: 'passed' },
  F: { type: 'failed', reason: 'connection refused' },
  E: { type: 'ejected', reason: '3 failed connects' },
  D: { type: 'disabled' },
  A: { type: 'enabled' },
  U: { type: 'unchecked' },
};

/** The states after each event, each by two letters. */
function run(letters: string): string[] {
  let state = unknownHealth(0);
  return letters.split('').map((letter, n) => {
    const event = EVENTS[letter];
    assert.ok(event);
    state = stepHealth(state, event, thresholds, n + 1);
    return state.health.slice(0, 2);
  });
}

describe('health machine', () => {
  for (const [name, letters, expected] of [
    ['leaves ejected on one pass', 'PEP', 'he ej he'],
    [
      'leaves ejected for unhealthy after 3 failures, and then needs 2 passes',
      'PEFFFPP',
      'he ej ej ej un un he',
    ],
    ['counts from zero after an ejection', 'PFFEPFF', 'he he he ej he he he'],
    ['does not eject what is not healthy', 'EFE', 'un un un'],
    ['forgets everything when disabled, and starts over when enabled', 'PDAF', 'he un un un'],
    ['counts as up without checks, and goes on from there with them', 'UFF', 'he he he'],
  ] as const) {
    // "un" is unknown and unhealthy both; the next tests tell them apart.
    it(name, () => assert.deepEqual(run(letters), expected.split(' ')));
  }

  it('says why, and since when', () => {
    let state = unknownHealth(5);
    const seen = 'PFFFFPPEPDAU'.split('').map((letter, n) => {
      state = stepHealth(state, EVENTS[letter] ?? { type: 'passed' }, thresholds, 10 + n);
      return `${state.health} since ${state.sinceMs}: ${state.reason}`;
    });
    assert.deepEqual(seen, [
      'healthy since 10: passed its first check',
      'healthy since 10: passed its first check',
      'healthy since 10: passed its first check',
      'unhealthy since 13: connection refused',
      'unhealthy since 13: connection refused',
      'unhealthy since 13: connection refused',
      'healthy since 16: passed 2 checks in a row',
      'ejected since 17: 3 failed connects',
      'healthy since 18: passed a check after failed connects',
      'unknown since 19: disabled',
      'unknown since 19: not checked yet',
      'healthy since 21: not checked',
    ]);
  });

  it('tells the newest reason of what stays unhealthy', () => {
    const down = stepHealth(unknownHealth(0), { type: 'failed', reason: 'host unreachable' }, thresholds, 1);
    const still = stepHealth(down, { type: 'failed', reason: 'timed out after 2s' }, thresholds, 2);
    assert.deepEqual([still.reason, still.sinceMs], ['timed out after 2s', 1]);
  });

  it('drops the words "not checked" once it is checked', () => {
    let state = stepHealth(unknownHealth(0), { type: 'unchecked' }, thresholds, 1);
    state = stepHealth(state, { type: 'passed' }, thresholds, 2);
    assert.deepEqual([state.health, state.reason, state.sinceMs], ['healthy', 'passed its first check', 1]);
  });

  it('is in transition exactly on the way between states, and while ejected', () => {
    const after = (letters: string) =>
      letters
        .split('')
        .reduce<HealthState>(
          (state, letter) => stepHealth(state, EVENTS[letter] ?? { type: 'passed' }, thresholds, 1),
          unknownHealth(0),
        );
    for (const letters of ['PF', 'PFF', 'FP', 'PE', 'PEF'])
      assert.ok(isInTransition(after(letters)), letters);
    for (const letters of ['', 'P', 'PFP', 'F', 'FPF', 'FPP', 'PFFF', 'PEP', 'D']) {
      assert.ok(!isInTransition(after(letters)), letters);
    }
  });

  it('agrees with a naive reading of the history', () => {
    const history = fc.array(fc.constantFrom('P', 'F'), { minLength: 1, maxLength: 60 });
    const threshold = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(history, threshold, threshold, (letters, healthyThreshold, unhealthyThreshold) => {
        let state = unknownHealth(0);
        let up: boolean | null = null;
        for (const [n, letter] of letters.entries()) {
          state = stepHealth(
            state,
            EVENTS[letter] ?? { type: 'passed' },
            { healthyThreshold, unhealthyThreshold },
            n,
          );
          const needed = up ? unhealthyThreshold : healthyThreshold;
          const recent = letters.slice(0, n + 1).slice(-needed);
          if (up === null) up = letter === 'P';
          else if (recent.length === needed && recent.every((each) => each === (up ? 'F' : 'P'))) up = !up;
          assert.equal(state.health, up ? 'healthy' : 'unhealthy', letters.slice(0, n + 1).join(''));
        }
      }),
    );
  });
});
