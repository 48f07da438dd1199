/** When a backend counts as healthy, and what a connect that fails says of it. */
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
import { constants } from 'node:os';
import { errnoName } from '../../../../data-plane/kernel/errno.ts';
import { refused } from '../../../../data-plane/health/checker.ts';

const at = (ms: number) => ({ wallMs: ms, nowMs: ms });
const thresholds = { healthyThreshold: 2, unhealthyThreshold: 3 };

/** P passed, F failed, E ejected, C ejected for early closes, D disabled, A enabled again, U pool without checks, N another check. */
const EVENTS: Record<string, HealthEvent> = {
  P: { type: 'passed' },
  F: { type: 'failed', reason: 'connection refused' },
  E: { type: 'ejected', reason: '3 failed connects' },
  C: { type: 'ejected', reason: '3 early closes', cause: 'early_closes' },
  D: { type: 'disabled' },
  A: { type: 'enabled' },
  U: { type: 'unchecked' },
  N: { type: 'check-changed' },
};

/** The states after each event, each by two letters. */
function run(letters: string): string[] {
  let state = unknownHealth(0);
  return letters.split('').map((letter, n) => {
    const event = EVENTS[letter];
    assert.ok(event);
    state = stepHealth(state, event, thresholds, at(n + 1));
    return state.health.slice(0, 2);
  });
}

describe('health machine', () => {
  for (const [name, letters, expected] of [
    ['leaves ejected on one pass', 'PEP', 'he ej he'],
    ['counts the failures before an ejection and after it', 'PFFEF', 'he he he ej un'],
    [
      'leaves ejected for unhealthy after 3 failures, and then needs 2 passes',
      'PEFFFPP',
      'he ej ej ej un un he',
    ],
    ['stays out for early closes, whatever its checks say', 'PCPFFFPPP', 'he ej ej ej ej un un un un'],
    ['counts from zero after an ejection', 'PFFEPFF', 'he he he ej he he he'],
    ['does not eject what is not healthy', 'EFE', 'un un un'],
    ['forgets everything when disabled, and starts over when enabled', 'PDAF', 'he un un un'],
    ['counts as up without checks, until its first check has ended', 'UNF', 'he he un'],
    ['goes down by one result of another check', 'PNF', 'he he un'],
    ['comes up by one result of another check', 'FNP', 'un un he'],
    ['goes on as ever after the first result of another check', 'PNPFFF', 'he he he he he un'],
    ['stays out for early closes with another check, too', 'PCNPP', 'he ej ej ej ej'],
  ] as const) {
    // "un" is unknown and unhealthy both; the next tests tell them apart.
    it(name, () => assert.deepEqual(run(letters), expected.split(' ')));
  }

  it('says why, and since when', () => {
    let state = unknownHealth(5);
    const seen = 'PFFFFPPEPDAU'.split('').map((letter, n) => {
      state = stepHealth(state, EVENTS[letter] ?? { type: 'passed' }, thresholds, at(10 + n));
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
      'healthy since 18: passed a check after it was ejected',
      'unknown since 19: disabled',
      'unknown since 19: not checked yet',
      'healthy since 21: not checked',
    ]);
  });

  it('tells the newest reason of what stays unhealthy', () => {
    const down = stepHealth(
      unknownHealth(0),
      { type: 'failed', reason: 'host unreachable' },
      thresholds,
      at(1),
    );
    const still = stepHealth(down, { type: 'failed', reason: 'timed out after 2s' }, thresholds, at(2));
    assert.deepEqual([still.reason, still.sinceMs], ['timed out after 2s', 1]);
  });

  it('has no newer reason when only another number of bytes came', () => {
    const fail = (state: HealthState, reason: string) =>
      stepHealth(state, { type: 'failed', reason }, thresholds, at(1));
    const down = fail(unknownHealth(0), 'no "role:master" in the first 599 bytes');
    assert.equal(fail(down, 'no "role:master" in the first 600 bytes'), down);
    assert.notEqual(fail(down, 'no "role:primary" in the first 599 bytes').reason, down.reason);
    const status = fail(down, 'GET :80/ answered 503');
    assert.equal(fail(status, 'GET :80/ answered 500').reason, 'GET :80/ answered 500');
  });

  it('drops the words "not checked" once it is checked', () => {
    let state = stepHealth(unknownHealth(0), { type: 'unchecked' }, thresholds, at(1));
    for (const type of ['check-changed', 'passed'] as const)
      state = stepHealth(state, { type }, thresholds, at(2));
    assert.deepEqual([state.health, state.reason, state.sinceMs], ['healthy', 'passed its first check', 1]);
  });

  it('is in transition exactly on the way between states, and while ejected', () => {
    const after = (letters: string) =>
      letters
        .split('')
        .reduce<HealthState>(
          (state, letter) => stepHealth(state, EVENTS[letter] ?? { type: 'passed' }, thresholds, at(1)),
          unknownHealth(0),
        );
    for (const letters of ['PF', 'PFF', 'FP', 'PE', 'PEF', 'PN', 'FN'])
      assert.ok(isInTransition(after(letters)), letters);
    for (const letters of ['', 'P', 'PFP', 'F', 'FPF', 'FPP', 'PFFF', 'PEP', 'D', 'N', 'PNP']) {
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
            at(n),
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

describe('early closes', () => {
  it('keep a backend out, whatever its checks say, for a time that doubles until it behaves', () => {
    const step = fc.record({
      letter: fc.constantFrom('P', 'P', 'F', 'E', 'C'),
      ms: fc.oneof(fc.nat(4_000), fc.nat(400_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        let state = stepHealth(unknownHealth(0), { type: 'passed' }, thresholds, at(0));
        let nowMs = 0;
        for (const { letter, ms } of steps) {
          nowMs += ms;
          const before = state;
          state = stepHealth(state, EVENTS[letter]!, thresholds, at(nowMs));
          const isTaken = letter === 'C' && (before.health === 'healthy' || before.health === 'ejected');
          if (!isTaken) assert.deepEqual(state.out, before.out);
          else {
            const hasBehaved = !before.out || nowMs - before.out.untilMs >= 300_000;
            const forMs = hasBehaved ? 10_000 : Math.min(before.out.forMs * 2, 300_000);
            assert.deepEqual(state.out, { forMs, untilMs: nowMs + forMs });
            assert.equal(state.health, 'ejected');
          }
          if (state.health === 'healthy') assert.ok(nowMs >= (state.out?.untilMs ?? 0));
        }
      }),
    );
  });
});

const { EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC } = constants.errno;
const { EACCES, ECONNREFUSED, EHOSTDOWN, EPROTO } = { EHOSTDOWN: 112, ...constants.errno };

describe('a check whose connect fails', () => {
  for (const errno of [EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC]) {
    it(`says nothing of the backend when this host ran out of resources: ${errnoName(errno)}`, () => {
      const reason = `this host ran out of resources: ${errnoName(errno)}`;
      assert.deepEqual(refused(errno), { type: 'shortage', reason });
    });
  }

  for (const [errno, reason] of [
    [ECONNREFUSED, 'connection refused'],
    [EHOSTDOWN, 'host down'],
    [EACCES, 'not permitted by this host'],
    [EPROTO, 'EPROTO'],
  ] as const) {
    it(`fails, and says "${reason}"`, () => {
      assert.deepEqual(refused(errno), { type: 'failed', reason });
    });
  }
});
