import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Attempt } from '../../../bench/trials/client.ts';
import { judge } from '../../../bench/trials/judge.ts';

const [OLD, NEW] = ['10.0.0.11', '10.0.0.12'];
const READY_AT = 10_000;

const attempt = (id: number, sentAt: number, endedAt: number, more: Partial<Attempt> = {}): Attempt => ({
  id,
  sentAt,
  endedAt,
  server: NEW,
  outcome: 'acknowledged',
  reason: '',
  ...more,
});

function figures(log: readonly Attempt[], stored: readonly number[] = [], allWrite = false) {
  const facts = { primary: NEW, readyAt: READY_AT, allWrite, takesNoWrites: /^READONLY/ };
  return judge([log, []], { ...facts, stored: new Set(stored) });
}

describe('the judge of failovers', () => {
  it('finds what was acknowledged and is not there, and when the new primary took its first write', () => {
    const log = [
      attempt(1, 9_000, 9_010, { server: OLD }),
      attempt(2, 9_020, 9_030, { server: OLD, outcome: 'failed' }),
      attempt(3, 10_100, 10_300),
      attempt(4, 10_310, 10_320),
    ];
    const found = figures(log, [3, 4]);
    assert.deepEqual([found.acknowledged, found.lost, found.firstWriteMs], [3, 1, 300]);
    assert.equal(found.longestWaitMs, 200);
  });

  const WRONG_SERVER: readonly [string, Partial<Attempt>, boolean, number][] = [
    ['a refusal by a replica', { outcome: 'refused', reason: 'READONLY no' }, false, 1],
    ['a refusal for another reason', { outcome: 'refused', reason: 'OOM no' }, false, 0],
    ['an acknowledgement of the old primary', { server: OLD }, false, 1],
    ['an acknowledgement of another member where all may write', { server: OLD }, true, 0],
  ];
  for (const [what, more, allWrite, count] of WRONG_SERVER) {
    it(`counts ${what} ${count === 0 ? 'not' : 'as a write on a replica'}`, () => {
      assert.equal(figures([attempt(1, 10_500, 10_510, more)], [1], allWrite).onReplica, count);
    });
  }

  const WAITS: readonly [string, Attempt, number][] = [
    ['for the old primary', attempt(1, 5_000, 12_001, { server: OLD, outcome: 'failed' }), 1],
    ['for nobody known', attempt(1, 11_000, 13_001, { server: '', outcome: 'given up' }), 1],
    ['before there was a new primary', attempt(1, 1_000, 11_000, { server: OLD, outcome: 'failed' }), 0],
    ['for the new primary', attempt(1, 10_000, 19_000), 0],
  ];
  for (const [what, waited, count] of WAITS) {
    it(`says of a client that waited ${what} that it is ${count === 0 ? 'not ' : ''}stuck`, () => {
      assert.equal(figures([waited], [1]).stuck, count);
    });
  }
});
