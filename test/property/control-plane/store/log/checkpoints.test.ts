/** Checkpoints and the log are one history, wherever one begins to read, and whatever dies in the midst of what. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../../../../control-plane/store/log/checkpoint-codec.ts';
import { Checkpointer } from '../../../../../control-plane/store/log/checkpointer.ts';
import { EtcdStore } from '../../../../../control-plane/store/etcd/etcd-store.ts';
import { oldestKept } from '../../../../../control-plane/store/log/kept-log.ts';
import { LogReader } from '../../../../../control-plane/store/log/log-reader.ts';
import { RevisionReader } from '../../../../../control-plane/store/log/revision-reader.ts';
import type { Commit } from '../../../../../core/model/commit.ts';
import type { ResourceDraft } from '../../../../../core/model/draft.ts';
import type { Edit } from '../../../../../core/model/edits/edit.ts';
import { applyResources } from '../../../../../core/model/edits/apply.ts';
import { updateBackend } from '../../../../../core/model/edits/backend.ts';
import { applyCommit, applyCommits, emptyState } from '../../../../../core/model/fold.ts';
import type { State } from '../../../../../core/model/state.ts';
import { LbError } from '../../../../../core/runtime/errors.ts';
import { silentLogger } from '../../../../../core/runtime/logger.ts';
import { randomBelow, seededRandom } from '../../../../../core/runtime/random.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';
import { type CallFault, FakeEtcd, FakeEtcdClient } from '../../../../../harness/store/fake-etcd.ts';
import { Replica } from '../../../../../harness/store/replica.ts';
import { commitOn, validateState } from '../../../../../harness/state.ts';
import { byRunLength } from '../../../../../harness/run-length.ts';

const name = fc.constantFrom('a', 'b', 'c');
const address = fc.constantFrom('10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80');
const weight = fc.nat(1_000);
const draft: fc.Arbitrary<ResourceDraft> = fc.oneof(
  fc.record({
    kind: fc.constant('policy' as const),
    value: fc.record({ name: fc.constantFrom('default', 'steady'), drainTimeoutMs: fc.nat(1_000) }),
  }),
  fc.record({
    kind: fc.constant('pool' as const),
    value: fc.record({ name, backends: fc.array(fc.record({ address, weight }), { maxLength: 3 }) }),
  }),
  fc.record({
    kind: fc.constant('listener' as const),
    value: fc.record({ name, address: fc.constantFrom('0.0.0.0:80', '0.0.0.0:81'), pool: name }),
  }),
);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc
    .tuple(fc.array(draft, { maxLength: 3 }), fc.boolean())
    .map(([drafts, prune]) => applyResources(drafts, { prune })),
  fc.tuple(name, address, weight).map(([pool, at, now]) => updateBackend(pool, { address: at, weight: now })),
);

const orderOf = (state: State) =>
  JSON.stringify([...state.pools].map(([pool, { backends }]) => [pool, ...backends.keys()]));

describe('checkpoints', () => {
  it('from any checkpoint, replaying any prefix of the log gives the same valid state as the whole log', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), fc.nat(12), fc.nat(12), (edits, one, other) => {
        const states = [emptyState('s')];
        const commits: Commit[] = [];
        for (const next of edits) {
          const state = states.at(-1) as State;
          const result = next(state);
          if (!result.ok || result.changes.length === 0) continue;
          commits.push(commitOn(state, result.changes));
          states.push(applyCommit(state, commits.at(-1) as Commit));
        }
        const [from, to] = [one, other].map((at) => Math.min(at, commits.length)).sort((a, b) => a - b) as [
          number,
          number,
        ];
        const { chunks, facts } = encodeCheckpoint(states[from] as State, {
          timeMs: 0,
          logBytes: 0,
          writer: 'w',
        });
        const decoded = decodeCheckpoint(facts, chunks);
        assert.ok(decoded.ok);
        const replayed = applyCommits(decoded.state, commits.slice(from, to));
        assert.deepEqual(replayed, states[to]);
        assert.equal(orderOf(replayed), orderOf(states[to] as State));
        assert.deepEqual(validateState(replayed), []);
      }),
      { numRuns: byRunLength(100, 3_000) },
    );
  });

  it('a crash at any point of writing a checkpoint or trimming leaves a store that reads whole', async () => {
    const seen = { trims: 0, orphans: 0, passedOver: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const storm = new Storm(seed, seen);
        try {
          for (let step = 0; step < 60; step++) await storm.step();
        } finally {
          await storm.close();
        }
      }),
      { numRuns: byRunLength(10, 200) },
    );
    // Or the storm was too weak to show anything.
    for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `no ${what}`);
  });
});

/** How often there was something to survive. */
interface Seen {
  /** States of the store that began with a checkpoint. */
  trims: number;
  /** Those with chunks that no mark counts. */
  orphans: number;
  /** Replicas that a checkpoint had led over requests that are kept. */
  passedOver: number;
}

const LIMITS = {
  checkpointCommits: 2,
  keptCommits: 5,
  keptMs: Number.NEGATIVE_INFINITY,
  maxLogBytes: 1_000_000,
};
const FAULTS: readonly CallFault[] = ['none', 'none', 'none', 'none', 'none', 'not-sent', 'lost-reply'];

/** Replicas that write, checkpoint and trim at once on one etcd, and die in the midst of it. */
class Storm {
  readonly #etcd = new FakeEtcd();
  readonly #random;
  readonly #clock = new FakeClock();
  readonly #still = new FakeClock();
  readonly #calm = new EtcdStore(new FakeEtcdClient(this.#etcd).client);
  /** Every commit that there ever was. */
  readonly #log: Commit[] = [];
  #replicas: { client: FakeEtcdClient; replica: Replica; checkpointer: Checkpointer }[] = [];
  readonly #ended: Replica[] = [];
  #writers = 0;
  #writes = 0;

  readonly #seen: Seen;

  constructor(seed: number, seen: Seen) {
    this.#random = seededRandom(seed);
    this.#seen = seen;
    for (let count = 0; count < 3; count++) this.#start();
  }

  #start(): void {
    const client = new FakeEtcdClient(this.#etcd);
    client.onCall = async () => {
      for (let turns = randomBelow(this.#random, 4); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
    };
    const store = new EtcdStore(client.client);
    const replica = new Replica(store, { clock: this.#clock, random: this.#random });
    const checkpointer = new Checkpointer({
      store,
      follower: replica.follower,
      // It stands still: checkpoints are written when a step says so, and not while everything is looked at.
      clock: this.#still,
      random: this.#random,
      logger: silentLogger,
      newWriter: () => `writer-${this.#writers++}`,
      limits: LIMITS,
    });
    this.#replicas.push({ client, replica, checkpointer });
  }

  /** Something happens at each replica at the same time; then everything must still be there. */
  async step(): Promise<void> {
    const work = this.#replicas.map(async ({ client, replica, checkpointer }) => {
      const luck = this.#random.next();
      // It sleeps, and others may trim what it has not read.
      if (luck < 0.2) return;
      if (luck < 0.6) {
        client.nextFault = () => 'none';
        const number = this.#writes++;
        const drafts = [
          {
            kind: 'pool' as const,
            value: { name: `p${number % 7}`, backends: [{ address: '10.0.0.1:80', weight: number % 1_000 }] },
          },
        ];
        await replica.propose(applyResources(drafts, { prune: false }), { requestId: `r${number}` });
        return;
      }
      client.nextFault = () => FAULTS[randomBelow(this.#random, FAULTS.length)] ?? 'none';
      if (luck < 0.7) {
        let calls = randomBelow(this.#random, 12);
        client.nextFault = () => {
          client.dead ||= calls-- === 0;
          return client.dead ? 'not-sent' : 'none';
        };
      }
      await replica.follower
        .catchUp()
        .then(
          () => checkpointer.run(),
          () => undefined,
        )
        .catch((error: unknown) =>
          assert.ok(error instanceof LbError && error.code === 'UNAVAILABLE', String(error)),
        );
    });
    await this.#finish(Promise.all(work));
    await this.#check();
    for (const dead of this.#replicas.filter(({ client }) => client.dead)) {
      this.#replicas = this.#replicas.filter((each) => each !== dead);
      this.#ended.push(dead.replica);
      this.#start();
    }
  }

  async #check(): Promise<void> {
    const head = await this.#calm.head();
    this.#log.push(...(await this.#calm.read(this.#log.length + 1, 1_000)));
    const ignored: string[] = [];
    const reader = new LogReader(this.#calm, (words) => ignored.push(words));
    const whole = applyCommits(emptyState(head.storeId), this.#log);
    const read = await reader.readTo(head);
    assert.ok(read.ok, JSON.stringify(read));
    assert.deepEqual(read.state, whole);
    assert.deepEqual(ignored, [], 'a checkpoint that counts is whole');
    // Every revision from the oldest that is kept can still be had.
    const oldest = await oldestKept(this.#calm);
    const revision = oldest + randomBelow(this.#random, head.revision + 2 - oldest) - 1;
    const past = await reader.readTo(head, { revision });
    assert.ok(past.ok, JSON.stringify(past));
    assert.deepEqual(past.state, applyCommits(emptyState(head.storeId), this.#log.slice(0, revision)));
    assert.ok(
      head.revision - (oldest - 1) >= Math.min(LIMITS.keptCommits, head.revision),
      'too much was trimmed',
    );
    if (oldest > 1) this.#seen.trims += 1;
    const marks = this.#etcd.named('mark/').map((mark) => mark.replace('mark/', 'chunk/'));
    if (this.#etcd.named('chunk/').some((chunk) => !marks.some((mark) => chunk.startsWith(mark)))) {
      this.#seen.orphans += 1;
    }
    await this.#checkReplicas(whole, oldest);
  }

  /** Each goes on to the same state, and knows every request that is kept. */
  async #checkReplicas(whole: State, oldest: number): Promise<void> {
    const { replica, client } =
      this.#replicas[randomBelow(this.#random, this.#replicas.length)] ?? assert.fail();
    if (client.dead) return;
    client.nextFault = () => 'none';
    await replica.follower.catchUp();
    const first = this.#log[oldest - 1]?.requestId ?? '';
    if (replica.follower.requestOutcome(first) === undefined) this.#seen.passedOver += 1;
    const { state } = await replica.follower.catchUpToDecide();
    assert.deepEqual(state, whole);
    for (const { requestId, revision, hash } of this.#log.slice(oldest - 1)) {
      const outcome = replica.follower.requestOutcome(requestId);
      assert.deepEqual([outcome?.revision, outcome?.hash], [revision, hash], requestId);
    }
    const past = new RevisionReader(this.#calm, replica.follower);
    const listed = (await past.list(1_000)).map(({ revision }) => revision);
    assert.deepEqual(
      listed.slice(0, this.#log.length - oldest + 1),
      this.#log
        .slice(oldest - 1)
        .map(({ revision }) => revision)
        .reverse(),
    );
  }

  async #finish(work: Promise<unknown>): Promise<void> {
    const end = { reached: false };
    const ended = work.finally(() => {
      end.reached = true;
    });
    for (let steps = 0; !end.reached && steps < 20_000; steps++) await this.#clock.advanceSettling(25);
    assert.ok(end.reached, 'it does not end');
    await ended;
  }

  async close(): Promise<void> {
    const replicas = [...this.#ended, ...this.#replicas.map(({ replica }) => replica)];
    for (const { checkpointer } of this.#replicas) await checkpointer.stop();
    await this.#finish(Promise.all(replicas.map((replica) => replica.close())));
  }
}
