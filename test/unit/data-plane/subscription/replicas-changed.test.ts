import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Effect, Event } from '../../../../data-plane/subscription/subscription-state.ts';
import {
  connected,
  first,
  fresh,
  lost,
  machine,
  second,
  start,
  whole,
} from '../../../../harness/proxy/subscription-rig.ts';

describe('the subscription machine: replicas that come and go', () => {
  const changed = (...replicas: readonly string[]): Event => ({ type: 'replicas-changed', replicas });

  it('stays with one that stays', () => {
    const { send, state } = machine(['a', 'b'], first);
    send(start, connected);
    assert.deepEqual(send(changed('c', 'a')), []);
    assert.deepEqual(send(lost).at(-1), { type: 'connect', replica: 'c' });
    assert.deepEqual(state().replicas, ['c', 'a']);
  });

  it('leaves one that is gone, between two applies only', () => {
    const { send } = machine(['a'], first);
    send(start, connected);
    assert.deepEqual(send(changed('b')), [{ type: 'disconnect' }, { type: 'connect', replica: 'b' }]);
    send(connected, whole(second));
    assert.deepEqual(send(changed('c')), [{ type: 'disconnect' }]);
    assert.deepEqual(send({ type: 'applied', snapshot: second }), [{ type: 'connect', replica: 'c' }]);
  });

  it('waits, and looks again, while there is none', () => {
    const { send } = machine([]);
    assert.deepEqual(send(start), [{ type: 'wait', first: true, slow: false }]);
    assert.deepEqual(send({ type: 'waited' }), [{ type: 'wait', first: false, slow: false }]);
    assert.deepEqual(send(changed('a')), []);
    assert.deepEqual(send({ type: 'waited' }), [{ type: 'connect', replica: 'a' }]);
    assert.deepEqual(send(changed()), [{ type: 'disconnect' }, { type: 'wait', first: true, slow: false }]);
  });

  it('forgets what those that are gone had said', () => {
    const { send, state } = machine(['a', 'b'], first);
    send(start, lost, { type: 'replica-reported', replica: 'b', view: fresh }, changed('c'));
    assert.deepEqual([[...state().views], [...state().troubles]], [[], []]);
  });

  it('says once that a token is wanted, however often it is', () => {
    const { send } = machine(['a']);
    const refused: Event = { type: 'stream-lost', livedMs: 0, reason: 'gone', refused: true };
    const said = (effects: readonly Effect[]) => effects.filter(({ type }) => type === 'log').length;
    assert.equal(said(send(start, connected, refused)), 2);
    assert.equal(said(send({ type: 'waited' }, connected, refused)), 0);
  });
});
