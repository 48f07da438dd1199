/** kill -9 of the writer of an embedded store in mid-write, again and again on the same files. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { LmdbStore } from '../../control-plane/store/lmdb/lmdb-store.ts';
import { commitHash, genesisHash } from '../../core/model/hash.ts';
import { systemClock as clock } from '../../core/runtime/clock.ts';
import { type Random, randomBelow } from '../../core/runtime/random.ts';
import { built } from '../../harness/programs/processes.ts';
import { pause } from '../../harness/engine/tcp.ts';

const COMMITS_EACH = 40;
const KILL_WITHIN_MS = 20;

/** Fails when what was acknowledged is not there after a kill, or the log is not whole. */
export async function killWriterAgainAndAgain(
  directory: string,
  rounds: number,
  random: Random,
): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    const acknowledged = await writeUntilKilled(directory, round * COMMITS_EACH, random);
    const store = new LmdbStore({ directory, clock });
    const head = await store.head();
    assert.ok(head.revision >= acknowledged, `${acknowledged} were acknowledged, ${head.revision} are there`);
    const commits = await store.read(1, 100_000);
    assert.equal(commits.length, head.revision);
    let parent = genesisHash(head.storeId);
    for (const commit of commits) {
      assert.equal(commit.parent, parent);
      assert.equal(commitHash(commit), commit.hash);
      parent = commit.hash;
    }
    assert.equal(parent, head.hash);
    await store.close();
  }
}

/** Answers the last revision that was acknowledged. The kill comes at a random moment after revision `from`. */
async function writeUntilKilled(directory: string, from: number, random: Random): Promise<number> {
  const child = spawn(process.execPath, [built('harness/store/lmdb-writer.js'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let acknowledged = 0;
  let isDoomed = false;
  // Each line is a revision that was acknowledged.
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    if (acknowledged < from || isDoomed) continue;
    isDoomed = true;
    void pause(randomBelow(random, KILL_WITHIN_MS)).then(() => child.kill('SIGKILL'));
  }
  await exit;
  assert.ok(acknowledged >= from);
  return acknowledged;
}
