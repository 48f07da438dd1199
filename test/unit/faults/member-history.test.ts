/** The judgement of a fault run over its registrations. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MemberEvent, verifyRemovals } from '../../faults/judgement/member-history.ts';

const NAME = 'backend/guests/127.0.0.1:101';
const MEMBER = `member/${NAME}`;
const ALIVE = `member/alive/${NAME}`;
const at = (revision: number, type: MemberEvent['type'], ...keys: string[]): MemberEvent[] =>
  keys.map((key) => ({ revision, type, key }));

describe('the removals of members', () => {
  it('are a fault while the lease lives: somebody had renewed it', () => {
    const renewed = [
      ...at(1, 'put', MEMBER, ALIVE),
      ...at(2, 'delete', ALIVE),
      ...at(3, 'put', ALIVE, MEMBER),
      ...at(4, 'delete', MEMBER, ALIVE),
    ];
    assert.deepEqual(verifyRemovals(renewed), [`${NAME} was removed at 4 of etcd although its lease lived`]);
    assert.deepEqual(verifyRemovals(renewed.reverse()).length, 1);
  });
});
