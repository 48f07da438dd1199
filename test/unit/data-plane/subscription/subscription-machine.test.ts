import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Event } from '../../../../data-plane/subscription/subscription-state.ts';
import * as make from '../../../../harness/snapshots.ts';
import {
  connected,
  first,
  lost,
  machine,
  second,
  start,
  types,
  whole,
} from '../../../../harness/proxy/subscription-rig.ts';

describe('the subscription machine: subscribing', () => {
  it('connects to the first replica and says that it has nothing', () => {
    const { send } = machine();
    assert.deepEqual(send(start), [{ type: 'connect', replica: 'a' }]);
    assert.deepEqual(send(connected)[0], { type: 'subscribe', position: null, snapshotHash: '' });
  });

  it('tries every replica before it waits, and starts over after the wait', () => {
    const { send } = machine(['a', 'b', 'c']);
    send(start);
    assert.deepEqual(types(send(lost)), ['log', 'connect']);
    assert.deepEqual(send(lost).at(-1), { type: 'connect', replica: 'c' });
    assert.deepEqual(send(lost).at(-1), { type: 'wait', first: true, slow: false });
    assert.deepEqual(send({ type: 'waited' }), [{ type: 'connect', replica: 'a' }]);
    assert.deepEqual(send(lost, lost, lost).at(-1), { type: 'wait', first: false, slow: false });
  });

  it('says what is wrong once, not at every attempt', () => {
    const { send } = machine(['a']);
    assert.deepEqual(types(send(start, lost)), ['connect', 'log', 'wait']);
    assert.deepEqual(types(send({ type: 'waited' }, lost)), ['connect', 'wait']);
    const other: Event = { type: 'stream-lost', livedMs: 0, reason: 'another reason' };
    assert.deepEqual(types(send({ type: 'waited' }, other)), ['connect', 'log', 'wait']);
  });

  it('begins a new series of waits after a stream that lived', () => {
    const { send } = machine(['a']);
    send(start, lost, { type: 'waited' }, lost, { type: 'waited' }, connected);
    const effects = send({ type: 'stream-lost', livedMs: 10_000, reason: 'gone' });
    assert.deepEqual(effects.at(-1), { type: 'wait', first: true, slow: false });
  });

  it('does nothing any more once it is stopped', () => {
    const { send } = machine();
    send(start, connected);
    assert.deepEqual(send({ type: 'stop' }), [{ type: 'disconnect' }]);
    assert.deepEqual(send(lost, { type: 'waited' }, connected, whole(first), start), []);
  });
});

describe('the subscription machine: applying', () => {
  it('acknowledges only after the snapshot is applied, and builds the next delta on it', () => {
    const { send, state } = machine(['a']);
    send(start, connected);
    assert.deepEqual(send(whole(first)), [{ type: 'apply', snapshot: first }]);
    assert.deepEqual(send({ type: 'applied', snapshot: first }), [{ type: 'acknowledge', nonce: 'n1' }]);
    assert.equal(state().current, first);
    const delta = whole(second, 'n2');
    const [upsert] = [make.entry(make.backend('web', '10.0.0.1:80'))];
    const effects = send({ ...delta, part: { ...delta.part, baseHash: first.hash, upserts: [upsert] } });
    assert.deepEqual(effects, [{ type: 'apply', snapshot: second }]);
  });

  it('waits for the last part', () => {
    const { send } = machine(['a']);
    send(start, connected);
    const { part } = whole(first);
    const unfinished = { ...part, upserts: part.upserts.slice(1), end: null };
    assert.deepEqual(send({ type: 'part', part: unfinished }), []);
    const rest = { ...part, upserts: part.upserts.slice(0, 1) };
    assert.deepEqual(types(send({ type: 'part', part: rest })), ['apply']);
  });

  it('refuses what does not hash, keeps what it has, and takes a good one after it', () => {
    const { send, state } = machine(['a'], first);
    send(start, connected);
    const bad = whole(second);
    const end = { position: second.position, snapshotHash: 'f00', format: 1 };
    const [reject, ...others] = send({ ...bad, part: { ...bad.part, end } });
    assert.ok(reject?.type === 'reject');
    assert.equal(reject.nonce, 'n1');
    assert.equal(reject.violations.length, 1);
    assert.deepEqual(others, []);
    assert.equal(state().current, first);
    assert.deepEqual(types(send(whole(second, 'n2'))), ['apply']);
  });

  it('never goes back: refuses it in words, and keeps what it has', () => {
    const { send, state } = machine(['a'], first);
    send(start, connected);
    const [reject] = send(whole({ ...second, position: make.position(0) }));
    assert.ok(reject?.type === 'reject');
    assert.match(reject.violations[0]?.description ?? '', /already runs/);
    assert.equal(state().current, first);
  });

  it('passes on why the workers could not run it, and keeps what it has', () => {
    const { send, state } = machine(['a'], first);
    send(start, connected, whole(second));
    const violations = [{ field: 'x', description: 'no room' }];
    const { position } = second;
    assert.deepEqual(send({ type: 'apply-refused', position, violations }), [
      { type: 'reject', nonce: 'n1', position, violations },
    ]);
    assert.equal(state().current, first);
  });

  it('asks for another try of what this host alone stands in the way of, and subscribes anew for it', () => {
    const { send, state } = machine(['a'], first);
    send(start, connected, whole(second));
    const refused = { type: 'apply-refused', position: second.position, violations: [] } as const;
    assert.deepEqual(types(send({ ...refused, temporary: true })), ['reject', 'try-again']);
    assert.deepEqual(types(send({ type: 'again-due' })), ['disconnect', 'connect']);
    assert.deepEqual(send(connected)[0], {
      type: 'subscribe',
      position: first.position,
      snapshotHash: first.hash,
    });
    send(whole(second));
    assert.deepEqual(send({ type: 'again-due' }), [], 'it is being applied already');
    assert.deepEqual(types(send({ type: 'applied', snapshot: second })), ['acknowledge']);
    assert.equal(state().current, second);
  });

  it('finishes an apply whose stream is lost before it subscribes anew with what it then has', () => {
    const { send } = machine(['a']);
    send(start, connected, whole(first));
    assert.deepEqual(send(lost), []);
    assert.deepEqual(send({ type: 'applied', snapshot: first }), [{ type: 'connect', replica: 'a' }]);
    assert.deepEqual(send(connected)[0], {
      type: 'subscribe',
      position: first.position,
      snapshotHash: first.hash,
    });
  });

  it('drops a replica that sends a delta before the one before was answered', () => {
    const { send } = machine(['a']);
    send(start, connected, whole(first));
    assert.deepEqual(types(send(whole(second, 'n2'))), ['disconnect', 'log']);
    assert.deepEqual(types(send({ type: 'applied', snapshot: first })), ['connect']);
  });
});
