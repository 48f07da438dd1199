/** One proxy's discovery stream, event by event. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoreReading } from '../../../../control-plane/distribution/admission.ts';
import {
  openSubscription,
  stepSubscription,
  type SubscriptionEffect,
  type SubscriptionEvent,
} from '../../../../control-plane/distribution/subscription-machine.ts';
import type { Position } from '../../../../core/model/commit.ts';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import { backend, pool, position, snapshot } from '../../../../harness/snapshots.ts';

const one = snapshot(1);
const two = snapshot(2, pool('web'));
const three = snapshot(3, pool('web'), backend('web', '10.0.0.1:80'));
/** The content of `one` once more, three commits later. */
const four = snapshot(4);

interface Claim {
  readonly position?: Position | null;
  readonly hash?: string;
  readonly base?: Snapshot | null;
  readonly format?: number;
  readonly proxyId?: string;
}

/** A stream; each step answers its effects in short. */
function stream(newest: Snapshot | null) {
  let state = openSubscription(newest);
  const step = (event: SubscriptionEvent) => {
    const next = stepSubscription(state, event);
    state = next.state;
    return next.effects.map(inShort);
  };
  const subscribe = ({ position = null, hash = '', base = null, format = 1, proxyId = 'p' }: Claim = {}) =>
    step({ type: 'subscribe', proxyId, format, position, snapshotHash: hash, base });
  return {
    step,
    subscribe,
    /** Subscribes as a proxy that runs `runs`. */
    resume: (runs: Snapshot, base: Snapshot | null = runs) =>
      subscribe({ position: runs.position, hash: runs.hash, base }),
    publish: (published: Snapshot) => step({ type: 'published', snapshot: published }),
    ack: (nonce = state.inFlight?.nonce ?? '') => step({ type: 'ack', nonce }),
    nack: (nonce = state.inFlight?.nonce ?? '') =>
      step({ type: 'nack', nonce, violations: [{ field: 'f', description: 'd' }] }),
    storeRead: (reading: StoreReading | null) => step({ type: 'store-read', reading }),
  };
}

function inShort(effect: SubscriptionEffect): string {
  switch (effect.type) {
    case 'send':
      return `send ${effect.target.position.revision} on ${effect.base?.position.revision ?? 'nothing'}`;
    case 'withhold':
      return effect.reason;
    case 'read-store':
      return `read the store for ${effect.claimed.revision}${effect.proxyAhead ? ', again' : ''}`;
    case 'rejected':
      return `rejected ${effect.snapshot.position.revision}`;
    case 'end':
      return `end ${effect.code}`;
  }
}

describe('a new proxy', () => {
  it('gets everything', () => {
    assert.deepEqual(stream(two).subscribe(), ['send 2 on nothing']);
  });

  it('gets nothing before it subscribed', () => {
    const { publish, subscribe } = stream(one);
    assert.deepEqual(publish(two), []);
    assert.deepEqual(subscribe(), ['send 2 on nothing']);
  });

  it('is told once that the replica has not read its store, and then gets what it reads', () => {
    const { subscribe, publish } = stream(null);
    assert.deepEqual(subscribe(), ['REASON_NOT_READY']);
    assert.deepEqual(publish(one), ['send 1 on nothing']);
  });

  it('has its base ignored when it says that it runs nothing', () => {
    assert.deepEqual(stream(two).subscribe({ hash: one.hash, base: one }), ['send 2 on nothing']);
  });
});

describe('a proxy that follows', () => {
  it('gets each change as a delta to what it acknowledged', () => {
    const { subscribe, ack, publish } = stream(one);
    subscribe();
    assert.deepEqual(ack(), []);
    assert.deepEqual(publish(two), ['send 2 on 1']);
    assert.deepEqual(ack(), []);
    assert.deepEqual(publish(three), ['send 3 on 2']);
  });

  it('has one delta in flight; what changes meanwhile coalesces to the newest', () => {
    const { subscribe, ack, publish } = stream(one);
    subscribe();
    assert.deepEqual(publish(two), []);
    assert.deepEqual(publish(three), []);
    assert.deepEqual(ack(), ['send 3 on 1']);
  });

  it('gets a revision that changes nothing for it, so that it can acknowledge the revision', () => {
    const { subscribe, ack, publish } = stream(one);
    subscribe();
    ack();
    assert.deepEqual(publish(four), ['send 4 on 4']);
  });
});

describe('a proxy at one revision, whose members come and go', () => {
  const at = (version: number, ...members: readonly string[]) => {
    const backends = members.map((address) => backend('web', address));
    return snapshot(position(5, { version }), pool('web'), ...backends);
  };

  it('is never sent an older version of one revision, and gets the content of a later one', () => {
    const { resume, storeRead, publish } = stream(at(10));
    assert.deepEqual(resume(at(11, '10.0.0.1:80')), ['read the store for 5, again']);
    const replica = position(5, { version: 12 });
    // What is published is still the older one; what was read just now is on its way.
    assert.deepEqual(storeRead({ replica, hashAtRevision: replica.hash }), []);
    assert.deepEqual(publish(at(10)), []);
    assert.deepEqual(publish(at(12)), ['send 5 on 5']);
  });

  it('is sent nothing for a version that changes nothing', () => {
    const { subscribe, ack, publish } = stream(at(10));
    subscribe();
    ack();
    assert.deepEqual(publish(at(11)), []);
    assert.deepEqual(publish(at(12, '10.0.0.1:80')), ['send 5 on 5']);
  });
});

describe('a proxy that refuses', () => {
  it('keeps its base and is not sent the same again', () => {
    const { subscribe, ack, nack, publish } = stream(one);
    subscribe();
    ack();
    publish(two);
    assert.deepEqual(nack(), ['rejected 2']);
    assert.deepEqual(publish(two), []);
    assert.deepEqual(publish(three), ['send 3 on 1']);
  });

  it('is sent at once what was published before it refused', () => {
    const { subscribe, nack, publish } = stream(one);
    subscribe();
    publish(two);
    assert.deepEqual(nack(), ['rejected 1', 'send 2 on nothing']);
  });
});

describe('a proxy that comes back', () => {
  it('gets the difference when what it has is still known', () => {
    const { resume, storeRead } = stream(three);
    assert.deepEqual(resume(two), ['read the store for 2']);
    assert.deepEqual(storeRead({ replica: three.position, hashAtRevision: 'commit-2' }), ['send 3 on 2']);
  });

  it('gets everything when what it has is not known any more', () => {
    const { resume, storeRead } = stream(three);
    resume(two, null);
    assert.deepEqual(storeRead({ replica: three.position, hashAtRevision: 'commit-2' }), [
      'send 3 on nothing',
    ]);
  });

  it('gets nothing when it is up to date, and the next change as a delta', () => {
    const { resume, publish } = stream(two);
    assert.deepEqual(resume(two), []);
    assert.deepEqual(publish(three), ['send 3 on 2']);
  });

  it('gets the newest when more was published while the store was read', () => {
    const { resume, storeRead, publish } = stream(two);
    resume(one);
    assert.deepEqual(publish(three), []);
    assert.deepEqual(storeRead({ replica: three.position, hashAtRevision: 'commit-1' }), ['send 3 on 1']);
  });

  it('must subscribe again when the store does not answer', () => {
    const { resume, storeRead } = stream(two);
    resume(one);
    assert.deepEqual(storeRead(null), ['end UNAVAILABLE']);
  });
});

describe('never backwards', () => {
  it('a replica that is behind reads its store again, and waits for what it found there to be published', () => {
    const { resume, storeRead, publish } = stream(one);
    assert.deepEqual(resume(two), ['read the store for 2, again']);
    assert.deepEqual(storeRead({ replica: two.position, hashAtRevision: 'commit-2' }), []);
    assert.deepEqual(publish(two), []);
    assert.deepEqual(publish(three), ['send 3 on 2']);
  });

  it('is sent nothing older, though the store was read past what is published', () => {
    const { resume, storeRead, publish } = stream(one);
    resume(three);
    assert.deepEqual(storeRead({ replica: three.position, hashAtRevision: 'commit-3' }), []);
    assert.deepEqual(publish(two), []);
    assert.deepEqual(publish(four), ['send 4 on 3']);
  });

  it('a store that replaces the one a proxy runs is sent, whatever its revision', () => {
    const adopted = snapshot(position(1, { storeId: 'new', replaces: ['store'] }), pool('web'));
    const { resume, ack, publish } = stream(adopted);
    assert.deepEqual(resume(three), ['send 1 on 3']);
    ack();
    assert.deepEqual(publish(adopted), []);
    // And on a stream that stood all the while.
    const standing = stream(three);
    standing.subscribe();
    standing.ack();
    assert.deepEqual(standing.publish(adopted), ['send 1 on 3']);
  });

  it('a store that is behind withholds until it has caught up', () => {
    const { resume, storeRead, publish } = stream(one);
    resume(two);
    assert.deepEqual(storeRead({ replica: one.position, hashAtRevision: null }), ['REASON_REPLICA_BEHIND']);
    assert.deepEqual(publish(two), []);
    assert.deepEqual(publish(three), ['send 3 on 2']);
  });

  it('another store gets nothing, whatever is published', () => {
    const { subscribe, publish } = stream(two);
    assert.deepEqual(subscribe({ position: position(1, { storeId: 'other' }) }), ['REASON_STORE_MISMATCH']);
    assert.deepEqual(publish(three), []);
  });

  it('another history gets nothing', () => {
    const { resume, storeRead, publish } = stream(three);
    resume(two);
    assert.deepEqual(storeRead({ replica: three.position, hashAtRevision: 'x' }), ['REASON_STORE_MISMATCH']);
    assert.deepEqual(publish(four), ['read the store for 2']);
    assert.deepEqual(storeRead({ replica: four.position, hashAtRevision: 'x' }), []);
  });
});

describe('a violation of the protocol ends the stream with an error', () => {
  const follow = () => {
    const made = stream(one);
    made.subscribe();
    return made;
  };
  const cases = [
    { name: 'a second subscribe', run: () => follow().subscribe() },
    { name: 'an ack of an unknown nonce', run: () => follow().ack('x') },
    { name: 'a nack of an unknown nonce', run: () => follow().nack('x') },
    { name: 'an ack before subscribe', run: () => stream(one).ack('x') },
    { name: 'a message without anything in it', run: () => follow().step({ type: 'unreadable' }) },
    { name: 'a proxy without a name', run: () => stream(one).subscribe({ proxyId: '' }) },
    { name: 'a proxy that reads no format of ours', run: () => stream(one).subscribe({ format: 0 }) },
  ];
  for (const { name, run } of cases) it(name, () => assert.deepEqual(run(), ['end INVALID_ARGUMENT']));

  it('an ack twice', () => {
    const { step } = follow();
    const nonce = `1.1.${one.hash.slice(0, 16)}`;
    assert.deepEqual(step({ type: 'ack', nonce }), []);
    assert.deepEqual(step({ type: 'ack', nonce }), ['end INVALID_ARGUMENT']);
  });

  it('no answer in time', () => {
    assert.deepEqual(follow().step({ type: 'unanswered' }), ['end OUTCOME_UNKNOWN']);
  });

  it('and nothing comes after the end', () => {
    const { step, publish, ack } = follow();
    step({ type: 'unreadable' });
    assert.deepEqual([...publish(two), ...ack()], []);
  });
});
