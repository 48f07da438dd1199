import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, it } from 'node:test';
import type { Outcome } from '../../../../../control-plane/store/log/proposal.ts';
import { addBackends } from '../../../../../core/model/edits/backend.ts';
import { createPool, deletePool, updatePool } from '../../../../../core/model/edits/pool.ts';
import { applyCommits, emptyState } from '../../../../../core/model/fold.ts';
import { LbError } from '../../../../../core/runtime/errors.ts';
import { seededRandom } from '../../../../../core/runtime/random.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';
import { type AppendFault, MemoryLog, MemoryStore } from '../../../../../harness/store/memory-store.ts';
import { changesOf, commitOn } from '../../../../../harness/state.ts';
import { type ProposeOptions, Replica } from '../../../../../harness/store/replica.ts';

const pool = (name: string) => createPool({ name, backends: [] });

let opened: Replica[] = [];

function make({ log = new MemoryLog(), queueLimit = 1_000 } = {}) {
  const clock = new FakeClock();
  const store = new MemoryStore(log);
  const replica = new Replica(store, { clock, random: seededRandom(7), queueLimit });
  opened.push(replica);
  /** What becomes of a proposal once time has gone on, in one word and all words. */
  const propose = async (edit: ReturnType<typeof pool>, options?: ProposeOptions) => {
    const settled = replica.propose(edit, options).then(
      (outcome: Outcome) => ({ outcome, code: undefined, message: '' }),
      (error: unknown) => {
        assert.ok(error instanceof LbError, String(error));
        return { outcome: undefined, code: error.code, message: error.message };
      },
    );
    await clock.advanceSettling(30_000);
    return settled;
  };
  return { log, clock, store, replica, propose };
}

/** The second append never arrives, and another replica takes its log position before it can be sent again. */
function dropSecond(store: MemoryStore, edit: ReturnType<typeof pool>, requestId?: string): void {
  const { log } = store;
  let appends = 0;
  store.nextFault = () => {
    if (++appends !== 2) return 'none';
    const state = applyCommits(emptyState(log.storeId), log.commits);
    assert.ok(log.append(log.head, [commitOn(state, changesOf(state, edit), requestId)]));
    return 'dropped';
  };
}

describe('Committer', () => {
  afterEach(async () => {
    for (const replica of opened) await replica.close();
    opened = [];
  });

  it('commits what is asked and says what changed', async () => {
    const { log, propose, replica } = make();
    const { outcome } = await propose(pool('web'));
    assert.deepEqual(outcome, {
      revision: 1,
      unchanged: false,
      notes: [],
      repeated: false,
      dryRun: false,
      changes: [
        {
          action: 'created',
          kind: 'pool',
          name: 'web',
          after: { resource: { kind: 'pool', value: { name: 'web', policy: 'default' } }, revision: 1 },
        },
      ],
    });
    assert.equal(log.head.revision, 1);
    assert.equal(replica.follower.current()?.position.revision, 1);
  });

  it('makes no commit when nothing has to change, and none for a refusal', async () => {
    const { log, propose } = make();
    await propose(pool('web'));
    const same = await propose(updatePool({ name: 'web', backends: [] }));
    assert.deepEqual([same.outcome?.unchanged, same.outcome?.revision], [true, 1]);
    assert.equal((await propose(pool('web'))).code, 'ALREADY_EXISTS');
    assert.equal((await propose(deletePool('gone'))).code, 'NOT_FOUND');
    assert.equal(log.head.revision, 1);
  });

  it('tries out without committing', async () => {
    const { log, store, propose } = make();
    const { outcome } = await propose(pool('web'), { dryRun: true });
    assert.deepEqual(
      [outcome?.dryRun, outcome?.revision, outcome?.unchanged, outcome?.changes.length],
      [true, 0, false, 1],
    );
    await propose(pool('web'));
    const refused = await propose(pool('web'), { dryRun: true });
    assert.equal(refused.code, 'ALREADY_EXISTS');
    assert.deepEqual(refused, await propose(pool('web')), 'in the words of the change itself');
    assert.equal(log.head.revision, 1);
    store.away = true;
    assert.equal((await propose(pool('b'), { dryRun: true })).code, 'UNAVAILABLE');
  });

  it('puts what waits into one append, each commit on the one before and each with its own outcome', async () => {
    const { log, store, propose } = make();
    const all = await Promise.all([
      propose(pool('first')),
      propose(pool('web')),
      propose(addBackends('web', [{ address: '10.0.0.1:80' }])),
      propose(addBackends('web', [{ address: '10.0.0.1:80' }])),
      propose(updatePool({ name: 'web', backends: [] }, ['policy'])),
      propose(deletePool('web')),
      propose(addBackends('web', [{ address: '10.0.0.2:80' }])),
    ]);
    assert.deepEqual(
      all.map(({ outcome, code }) => code ?? `${outcome?.revision}${outcome?.unchanged ? ' unchanged' : ''}`),
      ['1', '2', '3', 'ALREADY_EXISTS', '3 unchanged', '4', 'NOT_FOUND'],
    );
    assert.equal(log.head.revision, 4);
    assert.equal(store.calls.append, 2);
  });

  it('takes at most 100 commits into an append', async () => {
    const { log, store, propose } = make();
    const all = await Promise.all(Array.from({ length: 251 }, (_, at) => propose(pool(`p${at}`))));
    assert.deepEqual(new Set(all.map(({ outcome }) => outcome?.revision)).size, 251);
    assert.equal(log.head.revision, 251);
    assert.equal(store.calls.append, 4);
  });

  it('takes at most 1 MiB into an append, and refuses a change that is larger by itself', async () => {
    const { log, store, propose, replica } = make();
    const random = (times: number) => randomBytes(400_000 * times).toString('hex');
    const large = (requestId: string, times: number) => {
      const rest = { requestDigest: '', author: '', dryRun: false, deadlineMs: 1_000 };
      return replica.committer.propose({ edit: pool(requestId), requestId, message: random(times), ...rest });
    };
    await propose(pool('first'));
    const calls = store.calls.append;
    const fitting = ['a', 'b', 'c'].map((name) => large(name, 1));
    const tooLarge = assert.rejects(large('d', 3), {
      code: 'RESOURCE_EXHAUSTED',
      message: /nothing was written/,
    });
    await propose(pool('small'));
    await tooLarge;
    const revisions = (await Promise.all(fitting)).map(({ revision }) => revision);
    assert.equal(new Set(revisions).size, 3);
    assert.equal(log.head.revision, 5);
    assert.ok(store.calls.append - calls >= 2);
  });

  it('decides again on the newest state when somebody else was first', async () => {
    const log = new MemoryLog();
    const [one, two] = [make({ log }), make({ log })];
    await one.propose(pool('web'));
    // Between the look at the head and the append, the other replica takes the log position.
    let between = true;
    one.store.onCall = async (call) => {
      if (call !== 'append' || !between) return;
      between = false;
      await two.replica.propose(addBackends('web', [{ address: '10.0.0.1:80' }]));
    };
    const [same, other] = await Promise.all([
      one.propose(addBackends('web', [{ address: '10.0.0.1:80' }])),
      one.propose(addBackends('web', [{ address: '10.0.0.2:80' }])),
    ]);
    assert.equal(same.code, 'ALREADY_EXISTS');
    assert.equal(other.outcome?.revision, 3);
  });

  it('answers a repeated request with its first outcome, one after the other and at the same time', async () => {
    const { log, propose } = make();
    const at = await Promise.all([1, 2, 3].map(() => propose(pool('web'), { requestId: 'same' })));
    const later = await propose(pool('web'), { requestId: 'same' });
    assert.deepEqual(
      [...at, later].map(({ outcome }) => `${outcome?.revision} ${outcome?.repeated}`),
      ['1 false', '1 true', '1 true', '1 true'],
    );
    assert.equal(log.head.revision, 1);
  });

  it('forgets no proposal that comes in the moment another one is answered', async () => {
    for (let turns = 0; turns <= 3; turns++) {
      const { replica } = make();
      await replica.propose(pool('web'), { requestId: 'first' });
      // Answered without an append: the batch ends in the same turns as its caller goes on.
      await replica.propose(pool('web'), { requestId: 'first' });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const next = replica.propose(pool('api')).then(({ revision }) => revision);
      const forgotten = new Promise((resolve) => setTimeout(() => resolve('forgotten'), 2_000).unref());
      assert.equal(await Promise.race([next, forgotten]), 2, `${turns} turns after that`);
    }
  });

  it('says that nothing was written when the store is away, and nothing is', async () => {
    const { log, store, propose } = make();
    store.away = true;
    const { code, message } = await propose(pool('web'));
    assert.equal(code, 'UNAVAILABLE');
    assert.match(message, /does not answer; nothing was written/);
    store.away = false;
    assert.equal((await propose(pool('b'))).outcome?.revision, 1);
    assert.equal(log.commits.length, 1);
  });

  const faults: [fault: AppendFault, what: string][] = [
    ['lost-reply', 'landed without an answer'],
    ['dropped', 'never arrived'],
  ];
  for (const [fault, what] of faults) {
    it(`finds out by itself when an append ${what}`, async () => {
      const { log, store, propose } = make();
      const coming: AppendFault[] = [fault, fault];
      store.nextFault = () => coming.shift() ?? 'none';
      const all = await Promise.all([propose(pool('a')), propose(pool('b')), propose(pool('c'))]);
      assert.deepEqual(
        all.map(({ outcome }) => `${outcome?.revision} ${outcome?.repeated}`),
        ['1 false', '2 false', '3 false'],
      );
      assert.equal(log.head.revision, 3);
    });
  }

  it('says that the outcome is unknown when the deadline passes first, and the request_id tells later', async () => {
    const { log, store, propose } = make();
    await propose(pool('first'));
    store.nextFault = () => 'late';
    const { code, message } = await propose(pool('web'), { requestId: 'doubtful', deadlineMs: 1_000 });
    assert.equal(code, 'OUTCOME_UNKNOWN');
    assert.match(message, /request_id \(doubtful\)/);
    log.landLate();
    store.nextFault = () => 'none';
    const again = await propose(pool('web'), { requestId: 'doubtful' });
    assert.deepEqual([again.outcome?.revision, again.outcome?.repeated], [2, true]);
  });

  it('holds back refusals that rest on commits which are not in the log yet', async () => {
    const { store, propose } = make();
    await propose(pool('web'));
    dropSecond(store, deletePool('web'));
    const add = addBackends('web', [{ address: '10.0.0.1:80' }]);
    const [other, first, second] = await Promise.all([propose(pool('other')), propose(add), propose(add)]);
    assert.deepEqual([other.outcome?.revision, first.code, second.code], [2, 'NOT_FOUND', 'NOT_FOUND']);
  });

  it('takes no commit of the same request at another replica for its own batch', async () => {
    const { store, propose } = make();
    dropSecond(store, pool('a'), 'a');
    const again = { requestId: 'a', requestDigest: 'digest' };
    const [, a, b] = await Promise.all([propose(pool('x')), propose(pool('a'), again), propose(pool('b'))]);
    assert.deepEqual([a.outcome?.revision, a.outcome?.repeated, b.outcome?.revision], [2, true, 3]);
  });

  it('lets nothing wait beyond its deadline, nor more than its limit', async () => {
    const { clock, store, replica } = make({ queueLimit: 2 });
    let release = () => {};
    store.onCall = () => new Promise((resolve) => (release = resolve));
    const waiting = ['a', 'b', 'c'].map((name) => replica.propose(pool(name), { deadlineMs: 500 }));
    const late = waiting.map((each) =>
      assert.rejects(each, { code: 'UNAVAILABLE', message: /nothing was written/ }),
    );
    await assert.rejects(replica.propose(pool('d')), {
      code: 'UNAVAILABLE',
      message: /2 changes are waiting already/,
    });
    await clock.advanceSettling(500);
    await Promise.all(late);
    store.onCall = () => Promise.resolve();
    release();
    await clock.advanceSettling(1_000);
    assert.equal(store.log.commits.length, 0);
    assert.equal(clock.pending, 0);
  });

  it('refuses what waits when it closes', async () => {
    const { replica } = make();
    const all = ['a', 'b'].map((name) => replica.propose(pool(name)));
    const [first, second] = all.map((each) =>
      each.then(
        () => 'done',
        (error: LbError) => error.code,
      ),
    );
    await replica.committer.close();
    assert.deepEqual([await first, await second], ['done', 'UNAVAILABLE']);
    await assert.rejects(replica.propose(pool('c')), { code: 'UNAVAILABLE', message: /is stopping/ });
  });

  it('turns an edit that throws into an error of its own, and goes on', async () => {
    const { propose } = make();
    const broken = () => {
      throw new TypeError('oops');
    };
    const [first, bad, last] = await Promise.all([propose(pool('a')), propose(broken), propose(pool('b'))]);
    assert.deepEqual([first.outcome?.revision, bad.code, last.outcome?.revision], [1, 'INTERNAL', 2]);
  });
});
