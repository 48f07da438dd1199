/** LMDB: the contract of stores, and what only a store in files can be asked. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LmdbStore } from '../../../control-plane/store/lmdb/lmdb-store.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom } from '../../../core/runtime/random.ts';
import { collectingLogger } from '../../../harness/collecting-logger.ts';
import { byRunLength } from '../../../harness/run-length.ts';
import { killWriterAgainAndAgain } from '../../faults/lmdb-rounds.ts';
import { checkpointsContract } from './config-store-checkpoints.contract.ts';
import { commitsAfter, configStoreContract, failureOf } from './config-store.contract.ts';

const WRITER = fileURLToPath(new URL('../../../harness/store/lmdb-writer.js', import.meta.url));

let root = '';
let directory = '';
let made = 0;
const fresh = () => {
  directory = join(root, `store-${made++}`);
};
const harness = {
  async start() {
    root = mkdtempSync(join(tmpdir(), 'lb-lmdb-'));
  },
  async fresh() {
    fresh();
  },
  open: () => new LmdbStore({ directory, clock }),
  async stop() {
    rmSync(root, { recursive: true, force: true });
  },
};

configStoreContract('lmdb', harness);
checkpointsContract('lmdb', harness);

describe('lmdb', () => {
  before(() => harness.start());
  after(() => harness.stop());

  it('loses nothing that was acknowledged when its process is killed', async () => {
    fresh();
    await killWriterAgainAndAgain(directory, byRunLength(5, 50), systemRandom);
  });

  it('is shared with other processes', async () => {
    fresh();
    const store = harness.open();
    await store.head();
    const child = spawn(process.execPath, [WRITER, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    for await (const line of lines) {
      // What the other process has written is there at once, and the slots it took are taken.
      const head = await store.head();
      assert.ok(head.revision >= Number(line));
      const result = await store.append({ ...head, revision: head.revision - 1 }, commitsAfter(head, 1));
      assert.equal(result.outcome, 'conflict');
      if (Number(line) >= 50) break;
    }
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    // A writer that was killed leaves no lock behind. What it was about to acknowledge may still come to light, once.
    const outcomes: string[] = [];
    for (let attempt = 0; attempt < 2 && outcomes.at(-1) !== 'appended'; attempt++) {
      const parent = await store.head();
      outcomes.push((await store.append(parent, commitsAfter(parent, 1))).outcome);
    }
    assert.equal(outcomes.at(-1), 'appended');
    await store.close();
  });

  it('refuses with certainty a commit for which there is no room, says what to do, and lives on', async () => {
    fresh();
    // A limit on the size of files stands for a full disk.
    const limited = ['-c', 'ulimit -f 64 && exec "$0" "$@"', process.execPath, WRITER, directory];
    const child = spawn('bash', limited, { stdio: ['ignore', 'pipe', 'ignore'] });
    const exit = once(child, 'exit');
    let acknowledged = 0;
    const failures: string[] = [];
    const logged: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('logged')) logged.push(line);
      else if (/^(?:unknown|refused)/.test(line)) failures.push(line);
      else acknowledged = Number(line);
      if (failures.length >= 3) child.kill('SIGKILL');
    }
    assert.deepEqual(await exit, [null, 'SIGKILL'], 'it ended by itself');
    for (const failure of failures) {
      assert.match(failure, /^refused: RESOURCE_EXHAUSTED .* has no room: File too large/);
      assert.ok(failure.includes(`make room in ${directory}`), failure);
    }
    assert.equal(logged.length, 1, 'it is logged once');
    const store = harness.open();
    const head = await store.head();
    assert.ok(acknowledged > 0 && head.revision === acknowledged);
    assert.equal((await store.append(head, commitsAfter(head, 1))).outcome, 'appended');
    await store.close();
  });

  it('says what is wrong with a directory that it can not use, and works once it can', async () => {
    fresh();
    writeFileSync(directory, 'a file');
    const store = harness.open();
    const error = await failureOf(store.head());
    assert.equal(error.code, 'UNAVAILABLE');
    assert.match(error.message, /the store lmdb:.* does not work: .*EEXIST/);
    rmSync(directory);
    assert.equal((await store.head()).revision, 0);
    await store.close();
  });

  it('says what is wrong with files that are not its own', async () => {
    fresh();
    await harness.open().close();
    const store = harness.open();
    await store.head();
    await store.close();
    const file = join(directory, 'data.mdb');
    const whole = readFileSync(file);
    for (const content of ['not a database '.repeat(1_000), 'x', whole.subarray(0, 4_096)]) {
      writeFileSync(file, content);
      const again = harness.open();
      const error = await failureOf(again.head());
      assert.equal(error.code, 'UNAVAILABLE');
      assert.match(error.message, /data\.mdb is not an LMDB file, or was cut short/);
      await again.close();
    }
    writeFileSync(file, whole);
    const restored = harness.open();
    assert.equal((await restored.head()).revision, 0);
    await restored.close();
  });

  it('keeps its files to its own user, warns about a folder that is open to others, and follows no link', async () => {
    fresh();
    mkdirSync(directory);
    chmodSync(directory, 0o755);
    const file = join(directory, 'data.mdb');
    const target = join(root, 'target');
    symlinkSync(target, file);
    const { logger, said } = collectingLogger();
    const store = new LmdbStore({ directory, clock, logger });
    assert.match(
      (await failureOf(store.head())).message,
      /data\.mdb is a symbolic link, which is not followed/,
    );
    assert.equal(existsSync(target), false);
    rmSync(file);
    writeFileSync(file, '');
    chmodSync(file, 0o644);
    await store.head();
    const modes = ['data.mdb', 'lock.mdb'].map((name) => statSync(join(directory, name)).mode & 0o777);
    assert.deepEqual(modes, [0o600, 0o600]);
    assert.match(JSON.stringify(said), /open to other users \(mode 755\): run chmod 700/);
    await store.close();
    fresh();
    await harness.open().head();
    assert.equal(statSync(directory).mode & 0o777, 0o700);
  });
});
