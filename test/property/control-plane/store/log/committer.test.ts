/** Outcomes are honest, whatever a store does to the appends and whoever else writes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addBackends } from '../../../../../core/model/edits/backend.ts';
import { createPool } from '../../../../../core/model/edits/pool.ts';
import { applyCommits, emptyState } from '../../../../../core/model/fold.ts';
import { commitHash, genesisHash } from '../../../../../core/model/hash.ts';
import { type ErrorCode, LbError } from '../../../../../core/runtime/errors.ts';
import { randomBelow, seededRandom } from '../../../../../core/runtime/random.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';
import { type AppendFault, MemoryLog, MemoryStore } from '../../../../../harness/store/memory-store.ts';
import { Replica } from '../../../../../harness/store/replica.ts';
import { validateState } from '../../../../../harness/state.ts';

const FAULTS: readonly AppendFault[] = ['none', 'none', 'lost-reply', 'late', 'dropped'];
const REPLICAS = 3;

interface Proposed {
  readonly replica: number;
  readonly requestId: string;
  readonly address: string;
  readonly deadlineMs: number;
}

interface Asked {
  readonly replica: number;
  readonly host: number;
  readonly pause: boolean;
  readonly repeats: boolean;
  readonly deadlineMs: number;
}

interface Answer extends Proposed {
  readonly revision?: number;
  readonly code?: ErrorCode;
}

/** Replicas on one log, a store that does to them what the seed says, and time that goes on by itself. */
class Storm {
  readonly log = new MemoryLog();
  readonly clock = new FakeClock();
  readonly replicas: readonly Replica[];
  readonly #random;
  readonly #stores: readonly MemoryStore[];
  /** The weather: while it is calm, nothing goes wrong. */
  calm = false;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#stores = Array.from({ length: REPLICAS }, () => this.#makeStore());
    this.replicas = this.#stores.map(
      (store) => new Replica(store, { clock: this.clock, random: this.#random }),
    );
  }

  #makeStore(): MemoryStore {
    const store = new MemoryStore(this.log);
    store.nextFault = () =>
      this.calm ? 'none' : (FAULTS[randomBelow(this.#random, FAULTS.length)] ?? 'none');
    store.onCall = async () => {
      // Other replicas get their turn in between, and what was late may land now.
      for (let turns = randomBelow(this.#random, 3); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
      if (this.#random.next() < 0.2) this.log.landLate((count) => randomBelow(this.#random, count));
      store.away = !this.calm && this.#random.next() < 0.1;
    };
    return store;
  }

  async propose(proposed: Proposed): Promise<Answer> {
    const { replica, requestId, address, deadlineMs } = proposed;
    const edit = addBackends('web', [{ address }]);
    try {
      const { revision } = await (this.replicas[replica] ?? assert.fail()).propose(edit, {
        requestId,
        deadlineMs,
      });
      return { ...proposed, revision };
    } catch (error) {
      assert.ok(error instanceof LbError, String(error));
      return { ...proposed, code: error.code };
    }
  }

  /** Lets time go on until `work` is done. */
  async finish<T>(work: Promise<T>): Promise<T> {
    const end = { reached: false };
    const ended = work.finally(() => {
      end.reached = true;
    });
    for (let steps = 0; !end.reached && steps < 20_000; steps++) await this.clock.advanceSettling(25);
    assert.ok(end.reached, 'it does not end');
    return ended;
  }
}

const proposals = fc.array(
  fc.record({
    replica: fc.nat(REPLICAS - 1),
    host: fc.nat(30),
    pause: fc.boolean(),
    // The same request as the one before, at whichever replica.
    repeats: fc.boolean(),
    // Short ones end while an append is still in doubt.
    deadlineMs: fc.constantFrom(5, 50, 1_000),
  }),
  { minLength: 1, maxLength: 25 },
);

describe('committers over a faulty store', () => {
  it('lose no acknowledged proposal, keep no refused one, and settle the unknown ones by request_id', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), proposals, async (seed, asked) => {
        const storm = new Storm(seed);
        try {
          await run(storm, asked);
        } finally {
          // A batch whose callers have all gone may still be in a pause between two tries.
          await storm.finish(Promise.all(storm.replicas.map((replica) => replica.close())));
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** Its own, or that of an earlier proposal which it repeats. */
function requestAt(asked: readonly Asked[], index: number): Pick<Proposed, 'requestId' | 'address'> {
  const from = asked.findLastIndex(({ repeats }, at) => at <= index && !repeats);
  return { requestId: `r${from}`, address: `10.0.0.${asked[from]?.host ?? 0}:80` };
}

/** A refusal speaks of its own try: the same request at another replica may have been written. */
function isTriedElsewhere(answer: Answer, answers: readonly Answer[]): boolean {
  const others = answers.filter((other) => other !== answer && other.requestId === answer.requestId);
  return others.some(({ revision, code }) => revision !== undefined || code === 'OUTCOME_UNKNOWN');
}

async function run(storm: Storm, asked: readonly Asked[]): Promise<void> {
  storm.calm = true;
  await storm.finish((storm.replicas[0] ?? assert.fail()).propose(createPool({ name: 'web', backends: [] })));
  storm.calm = false;
  const answering: Promise<Answer>[] = [];
  for (const [index, { replica, pause, deadlineMs }] of asked.entries()) {
    answering.push(storm.propose({ replica, ...requestAt(asked, index), deadlineMs }));
    if (pause) await storm.clock.advanceSettling(30);
  }
  const answers = await storm.finish(Promise.all(answering));
  const said = new Map(storm.log.commits.map(({ requestId, revision }) => [requestId, revision]));

  // What is not there when a refusal is given never comes: let everything land that still can.
  storm.log.landLate();
  const { log } = storm;
  const committed = new Map(log.commits.map(({ requestId, revision }) => [requestId, revision]));
  assert.equal(committed.size, log.commits.length, 'a request was committed twice');
  for (const answer of answers) {
    const { requestId, revision, code } = answer;
    if (revision !== undefined)
      assert.equal(committed.get(requestId), revision, `${requestId} was acknowledged`);
    else if (code !== 'OUTCOME_UNKNOWN' && !isTriedElsewhere(answer, answers)) {
      assert.equal(said.get(requestId), undefined, `${requestId} was refused with ${code} and is there`);
      assert.equal(
        committed.get(requestId),
        undefined,
        `${requestId} was refused with ${code} and came later`,
      );
    }
  }

  // Every revision is valid by itself, and the chain has no hole.
  let state = emptyState(log.storeId);
  let parent = genesisHash(log.storeId);
  for (const [index, commit] of log.commits.entries()) {
    assert.deepEqual([commit.revision, commit.parent, commitHash(commit)], [index + 1, parent, commit.hash]);
    parent = commit.hash;
    state = applyCommits(state, [commit]);
    assert.deepEqual(validateState(state), []);
  }

  // In calm weather every unknown outcome can be learned at any replica, by the same request_id.
  storm.calm = true;
  for (const { code, requestId, address, replica } of answers) {
    if (code !== 'OUTCOME_UNKNOWN') continue;
    const other = { replica: (replica + 1) % REPLICAS, requestId, address, deadlineMs: 60_000 };
    const again = await storm.finish(storm.propose(other));
    const before = committed.get(requestId);
    if (before !== undefined) assert.equal(again.revision, before);
    else assert.ok(again.revision !== undefined || again.code === 'ALREADY_EXISTS', again.code);
  }
}
