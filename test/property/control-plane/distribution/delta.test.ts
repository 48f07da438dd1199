/** Whatever is published and whatever is lost: applying the deltas gives the snapshot, hash included. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { delta, type DeltaPart, splitDelta } from '../../../../control-plane/distribution/delta.ts';
import {
  openSubscription,
  stepSubscription,
  type SubscriptionEffect,
  type SubscriptionEvent,
  type SubscriptionState,
} from '../../../../control-plane/distribution/subscription-machine.ts';
import { snapshotHash } from '../../../../core/model/hash.ts';
import { keyOf, type Resource } from '../../../../core/model/resources.ts';
import type { Snapshot, SnapshotEntry } from '../../../../core/model/snapshot.ts';
import { resource } from '../../../../harness/arbitraries.ts';
import { snapshot } from '../../../../harness/snapshots.ts';

/** From few keys, so that resources come back changed, and with `default` left to the harness. */
const resources = fc
  .uniqueArray(
    resource.filter((each) => keyOf(each) !== 'policy/default'),
    { maxLength: 12, selector: keyOf },
  )
  .map((list): readonly Resource[] => list);

/** What a proxy makes of the parts, by the words of discovery_service.proto alone. */
function applyParts(has: Snapshot | null, parts: readonly DeltaPart[]): Snapshot {
  const [first] = parts;
  assert.ok(first !== undefined);
  assert.ok(first.baseHash === '' || first.baseHash === has?.hash, 'a delta to something else');
  const entries = new Map<string, SnapshotEntry>(first.baseHash === '' ? [] : has?.entries);
  for (const { upserts, removals } of parts) {
    for (const key of removals) assert.ok(entries.delete(key), `${key} was not there`);
    for (const entry of upserts) entries.set(entry.key, entry);
  }
  const end = parts.at(-1)?.end;
  assert.ok(end);
  const hash = snapshotHash(entries.values());
  assert.equal(hash, end.snapshotHash);
  return { position: end.position, hash, entries };
}

describe('a delta', () => {
  it('applied to its base gives its target, in parts of any size', () => {
    fc.assert(
      fc.property(
        resources,
        resources,
        fc.boolean(),
        fc.integer({ min: 1, max: 5_000 }),
        (a, b, whole, bytes) => {
          const base = whole ? null : snapshot(1, ...a);
          const target = snapshot(2, ...b);
          const applied = applyParts(base, splitDelta(delta(base, target), bytes));
          assert.equal(applied.hash, target.hash);
          for (const [key, entry] of target.entries) assert.deepEqual(applied.entries.get(key), entry);
          assert.equal(applied.entries.size, target.entries.size);
        },
      ),
    );
  });
});

type Action = 'publish' | 'answer' | 'refuse' | 'lose-answer' | 'cut';

/** A replica and a proxy with a wire between them that can be cut at any moment. */
class Pair {
  readonly #snapshots: readonly Snapshot[];
  readonly #kept: number;
  #published = 0;
  #runs: Snapshot | null = null;
  #state: SubscriptionState = openSubscription(null);
  #arrived: { nonce: string; parts: readonly DeltaPart[] } | null = null;
  sent = 0;

  constructor(snapshots: readonly Snapshot[], kept: number) {
    this.#snapshots = snapshots;
    this.#kept = kept;
    this.#connect();
  }

  get newest(): Snapshot | null {
    return this.#snapshots[this.#published - 1] ?? null;
  }

  get runs(): Snapshot | null {
    return this.#runs;
  }

  get waiting(): boolean {
    return this.#arrived !== null;
  }

  do(action: Action): void {
    const arrived = this.#arrived;
    if (action === 'publish' && this.#published < this.#snapshots.length) {
      this.#published += 1;
      this.#step({ type: 'published', snapshot: this.newest as Snapshot });
    } else if (action === 'cut') {
      this.#connect();
    } else if (arrived !== null) {
      this.#arrived = null;
      if (action !== 'refuse') this.#apply(arrived.parts);
      if (action === 'lose-answer') this.#connect();
      else if (action === 'refuse') this.#step({ type: 'nack', nonce: arrived.nonce, violations: [] });
      else this.#step({ type: 'ack', nonce: arrived.nonce });
    }
  }

  #apply(parts: readonly DeltaPart[]): void {
    const next = applyParts(this.#runs, parts);
    assert.ok(next.position.revision > (this.#runs?.position.revision ?? -1), 'it went back');
    this.#runs = next;
  }

  #connect(): void {
    this.#arrived = null;
    this.#state = openSubscription(this.newest);
    const runs = this.#runs;
    const recent = this.#snapshots.slice(Math.max(0, this.#published - this.#kept), this.#published);
    this.#step({
      type: 'subscribe',
      proxyId: 'p',
      format: 1,
      position: runs?.position ?? null,
      snapshotHash: runs?.hash ?? '',
      base: recent.find(({ hash }) => hash === runs?.hash) ?? null,
    });
  }

  #step(event: SubscriptionEvent): void {
    const { state, effects } = stepSubscription(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: SubscriptionEffect): void {
    if (effect.type === 'send') {
      assert.equal(this.#arrived, null, 'two deltas in flight');
      this.sent += 1;
      this.#arrived = { nonce: effect.nonce, parts: splitDelta(delta(effect.base, effect.target), 500) };
    } else if (effect.type === 'read-store') {
      const replica = this.newest?.position ?? effect.claimed;
      const hashAtRevision = this.#snapshots[effect.claimed.revision - 1]?.position.hash ?? null;
      this.#step({ type: 'store-read', reading: { replica, hashAtRevision } });
    } else {
      assert.ok(effect.type !== 'end', `ended: ${JSON.stringify(effect)}`);
    }
  }
}

describe('a subscription', () => {
  const actions = fc.array(
    fc.constantFrom<Action>('publish', 'publish', 'answer', 'answer', 'refuse', 'lose-answer', 'cut'),
    { maxLength: 60 },
  );

  it('brings a proxy to the newest snapshot, whatever was lost or refused on the way', () => {
    fc.assert(
      fc.property(
        fc.array(resources, { minLength: 1, maxLength: 12 }),
        actions,
        fc.integer({ min: 0, max: 4 }),
        (lists, steps, kept) => {
          const snapshots = lists.map((list, index) => snapshot(index + 1, ...list));
          const pair = new Pair(snapshots, kept);
          for (const action of steps) pair.do(action);
          // From here on nothing is lost: a new stream (a refused snapshot is not sent twice on one), then answers only.
          for (let left = snapshots.length; left > 0; left -= 1) pair.do('publish');
          pair.do('cut');
          while (pair.waiting) pair.do('answer');
          assert.equal(pair.runs?.hash, pair.newest?.hash);
          assert.deepEqual(pair.runs?.position, pair.newest?.position);
        },
      ),
    );
  });

  it('sends a burst of a thousand as two deltas: the first change and the last state', () => {
    const snapshots = Array.from({ length: 1_000 }, (_, index) => snapshot(index + 1));
    const pair = new Pair(snapshots, 16);
    for (let left = 1_000; left > 0; left -= 1) pair.do('publish');
    pair.do('answer');
    pair.do('answer');
    assert.equal(pair.runs?.position.revision, 1_000);
    assert.equal(pair.sent, 2);
  });
});
