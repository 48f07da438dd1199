/** The subscription machine where replicas are away, behind, stale or of another store, and where they come and go. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Event, Effect } from '../../../../data-plane/subscription/subscription-state.ts';
import * as make from '../../../../harness/snapshots.ts';
import {
  connected,
  first,
  fresh,
  lost,
  machine,
  second,
  start,
  types,
  whole,
} from '../../../../harness/proxy/subscription-rig.ts';

describe('the subscription machine: replicas that can not serve', () => {
  const withheld = (reason: 'replica_behind' | 'store_mismatch' | 'not_ready'): Event => ({
    type: 'withheld',
    reason,
    detail: 'because',
  });

  it('tries the next replica when one is behind', () => {
    const { send } = machine(['a', 'b'], first);
    send(start, connected);
    assert.deepEqual(types(send(withheld('replica_behind'))), ['disconnect', 'log', 'connect']);
  });

  it('keeps what it runs and tries slowly when all have another store, and says so loudly once', () => {
    const { send, state } = machine(['a', 'b'], first);
    const effects = send(start, connected, withheld('store_mismatch'), connected, withheld('store_mismatch'));
    const said = effects.filter((effect) => effect.type === 'log' && effect.level === 'error');
    assert.equal(said.length, 2);
    assert.deepEqual(effects.at(-1), { type: 'wait', first: true, slow: true });
    assert.equal(state().current, first);
    const again = send({ type: 'waited' }, connected, withheld('store_mismatch'));
    assert.deepEqual(types(again), ['connect', 'subscribe', 'disconnect', 'connect']);
  });

  it('goes back at once to one whose store was accepted in place of what it runs', () => {
    const { send, state } = machine(['a', 'b'], first);
    send(start, connected, withheld('store_mismatch'), connected, withheld('store_mismatch'));
    const report = (storeId: string, replaces: readonly string[]): Event => ({
      type: 'replica-reported',
      replica: 'b',
      view: { ...fresh, position: make.position(1, { storeId, replaces }) },
    });
    assert.deepEqual(send(report('other', [])), []);
    assert.deepEqual(send(report('new', ['other', 'store'])), [{ type: 'connect', replica: 'b' }]);
    const adopted = make.snapshot(
      make.position(1, { storeId: 'new', replaces: ['other', 'store'] }),
      make.pool('x'),
    );
    const taken = send(connected, whole(adopted)).at(-1);
    assert.deepEqual(
      [taken?.type, taken?.type === 'apply' && taken.snapshot.position],
      ['apply', adopted.position],
    );
    send({ type: 'applied', snapshot: adopted });
    assert.equal(state().current, adopted);
    // What was replaced is not taken any more.
    assert.deepEqual(types(send(whole(second))), ['reject']);
  });

  it('is not slow while another replica may still come back', () => {
    const { send } = machine(['a', 'b'], first);
    const effects = send(start, connected, withheld('store_mismatch'), lost);
    assert.deepEqual(effects.at(-1), { type: 'wait', first: true, slow: false });
  });

  it('leaves a stale replica for a fresher one, with what it runs', () => {
    const { send } = machine(['a', 'b'], first);
    send(start, connected, { type: 'replica-reported', replica: 'b', view: fresh });
    const stale = { ...fresh, storeAgeMs: 10_001 };
    assert.deepEqual(types(send({ type: 'replica-reported', replica: 'a', view: stale })), ['move-soon']);
    assert.deepEqual(send({ type: 'replica-reported', replica: 'a', view: stale }), [], 'asked for once');
    const effects = send({ type: 'move-due' });
    assert.deepEqual(types(effects), ['disconnect', 'log', 'connect']);
    assert.deepEqual(effects.at(-1), { type: 'connect', replica: 'b' });
  });

  it('stays when its replica is fresh again before the moment to leave it, and may leave it later', () => {
    const { send } = machine(['a', 'b'], first);
    send(start, connected, { type: 'replica-reported', replica: 'b', view: fresh });
    const stale: Event = { type: 'replica-reported', replica: 'a', view: { ...fresh, storeAgeMs: 10_001 } };
    send(stale, { type: 'replica-reported', replica: 'a', view: fresh });
    assert.deepEqual(send({ type: 'move-due' }), []);
    assert.deepEqual(types(send(stale)), ['move-soon']);
  });

  it('leaves a stopping replica at once', () => {
    const { send } = machine(['a', 'b'], first);
    send(start, connected, { type: 'replica-reported', replica: 'b', view: fresh });
    const stopping = { ...fresh, stopping: true };
    const effects = send({ type: 'replica-reported', replica: 'a', view: stopping });
    assert.deepEqual(effects.at(-1), { type: 'connect', replica: 'b' });
  });

  it('does not leave while it applies, but right after', () => {
    const { send } = machine(['a', 'b']);
    send(start, connected, { type: 'replica-reported', replica: 'b', view: fresh }, whole(first));
    const stopping = { ...fresh, stopping: true };
    assert.deepEqual(send({ type: 'replica-reported', replica: 'a', view: stopping }), []);
    assert.deepEqual(types(send({ type: 'applied', snapshot: first })), [
      'acknowledge',
      'disconnect',
      'log',
      'connect',
    ]);
  });

  it('forgets what a replica said when its report stream is lost', () => {
    const { send } = machine(['a', 'b'], first);
    send(start, connected, { type: 'replica-reported', replica: 'b', view: fresh });
    send({ type: 'replica-reported', replica: 'b', view: null });
    const stopping = { ...fresh, stopping: true };
    assert.deepEqual(send({ type: 'replica-reported', replica: 'a', view: stopping }), []);
  });
});

describe('the subscription machine: what was read from disk', () => {
  it('is confirmed once, by a replica that stands at the same commit', () => {
    const { send } = machine(['a'], first);
    const other = { ...fresh, position: make.position(2) };
    assert.deepEqual(send({ type: 'replica-reported', replica: 'a', view: other }), []);
    assert.deepEqual(send({ type: 'replica-reported', replica: 'a', view: fresh }), [{ type: 'confirmed' }]);
    assert.deepEqual(send({ type: 'replica-reported', replica: 'a', view: fresh }), []);
  });

  it('is not confirmed by another store or history', () => {
    const { send } = machine(['a'], first);
    for (const fields of [{ storeId: 'x' }, { hash: 'x' }]) {
      const view = { ...fresh, position: make.position(1, fields) };
      assert.deepEqual(send({ type: 'replica-reported', replica: 'a', view }), []);
    }
  });
});

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
