import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import type { DeltaPart } from '../../../../data-plane/subscription/delta-part.ts';
import { initialState, step } from '../../../../data-plane/subscription/subscription-machine.ts';
import type { Effect, Event, State } from '../../../../data-plane/subscription/subscription-state.ts';
import * as make from '../../../harness/snapshots.ts';

const first = make.snapshot(1, make.pool('web'));
const second = make.snapshot(2, make.pool('web'), make.backend('web', '10.0.0.1:80'));
const fresh = { position: make.position(1), storeAgeMs: 10, stopping: false };

/** A machine driven by events, which remembers the effects since it was last asked. */
function machine(replicas: readonly string[] = ['a', 'b'], current: Snapshot | null = null) {
  let state: State = initialState(replicas, current);
  let effects: Effect[] = [];
  const send = (...events: readonly Event[]) => {
    for (const event of events) {
      const next = step(state, event);
      state = next.state;
      effects.push(...next.effects);
    }
    const seen = effects;
    effects = [];
    return seen;
  };
  return { send, state: () => state };
}

function types(effects: readonly Effect[]): string[] {
  return effects.map(({ type }) => type);
}

function whole(target: Snapshot, nonce = 'n1'): Event & { type: 'part' } {
  const part: DeltaPart = {
    nonce,
    baseHash: '',
    upserts: [...target.entries.values()],
    removals: [],
    end: { position: target.position, snapshotHash: target.hash, format: 1 },
    violations: [],
  };
  return { type: 'part', part };
}

const lost: Event = { type: 'stream-lost', livedMs: 0, reason: 'gone' };
const start: Event = { type: 'start' };
const connected: Event = { type: 'connected' };

describe('the subscription machine: subscribing', () => {
  it('connects to the first replica and says that it has nothing', () => {
    const { send } = machine();
    assert.deepEqual(send(start), [{ type: 'connect', replica: 'a' }]);
    assert.deepEqual(send(connected)[0], { type: 'subscribe', position: null, snapshotHash: '' });
  });

  it('says what it runs', () => {
    const { send } = machine(['a'], first);
    const subscribe = send(start, connected).find(({ type }) => type === 'subscribe');
    assert.deepEqual(subscribe, { type: 'subscribe', position: first.position, snapshotHash: first.hash });
  });

  it('tries every replica before it waits, and starts over after the wait', () => {
    const { send } = machine(['a', 'b', 'c']);
    send(start);
    assert.deepEqual(types(send(lost)), ['say', 'connect']);
    assert.deepEqual(send(lost).at(-1), { type: 'connect', replica: 'c' });
    assert.deepEqual(send(lost).at(-1), { type: 'wait', first: true, slow: false });
    assert.deepEqual(send({ type: 'waited' }), [{ type: 'connect', replica: 'a' }]);
    assert.deepEqual(send(lost, lost, lost).at(-1), { type: 'wait', first: false, slow: false });
  });

  it('says what is wrong once, not at every attempt', () => {
    const { send } = machine(['a']);
    assert.deepEqual(types(send(start, lost)), ['connect', 'say', 'wait']);
    assert.deepEqual(types(send({ type: 'waited' }, lost)), ['connect', 'wait']);
    const other: Event = { type: 'stream-lost', livedMs: 0, reason: 'another reason' };
    assert.deepEqual(types(send({ type: 'waited' }, other)), ['connect', 'say', 'wait']);
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

  const backwards: readonly [string, Snapshot, RegExp][] = [
    ['another store', { ...second, position: make.position(2, { storeId: 'x' }) }, /another store/],
    ['an older revision', { ...second, position: make.position(0) }, /older/],
    ['an older version', { ...second, position: make.position(1, { version: 0 }) }, /older/],
    ['another history', { ...second, position: make.position(1, { hash: 'x' }) }, /two histories/],
  ];
  for (const [what, target, words] of backwards) {
    it(`never goes back: refuses ${what}`, () => {
      const { send, state } = machine(['a'], first);
      send(start, connected);
      const [reject] = send(whole(target));
      assert.ok(reject?.type === 'reject');
      assert.match(reject.violations[0]?.description ?? '', words);
      assert.equal(state().current, first);
    });
  }

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
    assert.deepEqual(types(send(whole(second, 'n2'))), ['disconnect', 'say']);
    assert.deepEqual(types(send({ type: 'applied', snapshot: first })), ['connect']);
  });
});

describe('the subscription machine: replicas that can not serve', () => {
  const withheld = (reason: 'replica_behind' | 'store_mismatch' | 'not_ready'): Event => ({
    type: 'withheld',
    reason,
    detail: 'because',
  });

  it('tries the next replica when one is behind', () => {
    const { send } = machine(['a', 'b'], first);
    send(start, connected);
    assert.deepEqual(types(send(withheld('replica_behind'))), ['disconnect', 'say', 'connect']);
  });

  it('keeps what it runs and tries slowly when all have another store, and says so loudly once', () => {
    const { send, state } = machine(['a', 'b'], first);
    const effects = send(start, connected, withheld('store_mismatch'), connected, withheld('store_mismatch'));
    const said = effects.filter((effect) => effect.type === 'say' && effect.level === 'error');
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
    assert.deepEqual(types(effects), ['disconnect', 'say', 'connect']);
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
      'say',
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
