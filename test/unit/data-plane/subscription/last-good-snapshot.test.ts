import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it, type TestContext } from 'node:test';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import type { Logger } from '../../../../core/runtime/logger.ts';
import { LastGoodSnapshot } from '../../../../data-plane/subscription/last-good-snapshot.ts';
import {
  readSnapshotFile,
  setSnapshotAside,
  stageSnapshotFile,
} from '../../../../data-plane/subscription/snapshot-file.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { eventually, temporaryFolder, type Scope } from '../../../../harness/programs/processes.ts';
import * as make from '../../../../harness/snapshots.ts';

const one = make.snapshot(1, make.pool('web'), make.backend('web', '10.0.0.1:80'));
const two = make.snapshot(2, make.pool('web'));

describe('the start from disk', () => {
  let stateDir = '';
  let said: string[];
  let clock: FakeClock;
  beforeEach(() => {
    said = [];
    clock = new FakeClock();
  });
  const note = (fields: unknown, message: string) => void said.push(`${JSON.stringify(fields)} ${message}`);
  const logger = { info: note, warn: note, error: note } as unknown as Logger;

  async function saved(scope: Scope, ...snapshots: readonly Snapshot[]): Promise<void> {
    stateDir = temporaryFolder(scope);
    for (const snapshot of snapshots) {
      await (await stageSnapshotFile(stateDir, { snapshot, savedAtMs: clock.wallMs() })).keep();
    }
  }

  /** The revision that a new process runs; it is killed afterwards unless `lastGood` is used further. */
  async function start(canRun: (snapshot: Snapshot) => boolean = () => true) {
    const lastGood = new LastGoodSnapshot({ stateDir, clock, logger });
    const result = await lastGood.resume(async (snapshot) =>
      canRun(snapshot) ? [] : [{ field: '', description: 'has no place here' }],
    );
    return { lastGood, revision: result?.snapshot.position.revision ?? null };
  }

  const starts = async (times: number) => {
    const revisions: (number | null)[] = [];
    for (let time = 0; time < times; time += 1) revisions.push((await start()).revision);
    return revisions;
  };

  it('no snapshot keeps a proxy down for ever: after three starts the one before, then none', async (t) => {
    await saved(t, one, two);
    assert.deepEqual(await starts(8), [2, 2, 2, 1, 1, 1, null, null]);
    const files = readdirSync(stateDir).sort();
    assert.deepEqual(files, ['snapshot.before.json.set-aside', 'snapshot.json.set-aside', 'starts']);
    assert.match(said.join('\n'), /snapshot\.json\.set-aside.*3 starts in a row/);
  });

  it('counts from nothing again once a start has lasted, or was good for another reason', async (t) => {
    await saved(t, one, two);
    for (let round = 0; round < 4; round += 1) {
      assert.deepEqual(await starts(2), [2, 2]);
      const { lastGood } = await start();
      if (round % 2 === 0) clock.advance(10_000);
      else lastGood.survived();
      await eventually(async () => !existsSync(join(stateDir, 'starts')) || undefined, 'the count is gone');
    }
  });

  it('takes the one before where the newest is torn, foreign or can not be run, with a warning', async (t) => {
    await saved(t, one, two);
    writeFileSync(join(stateDir, 'snapshot.json'), '{"format":1,"checksum":"0"}\n{');
    assert.equal((await start()).revision, 1);
    assert.match(said.join('\n'), /checksum is wrong.*ignored/);
    await saved(t, one, two);
    assert.equal((await start(({ position }) => position.revision === 1)).revision, 1);
    assert.match(said.join('\n'), /has no place here.*ignored/);
    assert.ok(existsSync(join(stateDir, 'snapshot.json.set-aside')));
  });

  it('goes on where its count can not be written', async (t) => {
    await saved(t, one);
    writeFileSync(join(stateDir, 'starts'), 'garbage');
    assert.equal((await start()).revision, 1);
    stateDir = join(stateDir, 'gone');
    assert.equal((await start()).revision, null);
    assert.match(said.at(-1) ?? '', /starts are not counted/);
  });
});

const savedAtMs = 1_700_000_000_123;

describe('the snapshot file', () => {
  let directory = '';
  beforeEach((t) => {
    directory = temporaryFolder(t as TestContext);
  });

  const file = () => join(directory, 'snapshot.json');
  const save = async (snapshot = one) => (await stageSnapshotFile(directory, { snapshot, savedAtMs })).keep();
  const savedHash = async (name?: 'snapshot.json' | 'snapshot.before.json') => {
    const read = await readSnapshotFile(directory, name);
    return read.type === 'saved' ? read.saved.snapshot.hash : read.type;
  };
  const ignored = async (text: string | Buffer) => {
    writeFileSync(file(), text);
    const result = await readSnapshotFile(directory);
    assert.ok(result.type === 'ignored', JSON.stringify(result));
    assert.equal(result.path, file());
    return result.reason;
  };

  it('gives back what was written, with the time', async () => {
    await save();
    assert.deepEqual(await readSnapshotFile(directory), {
      type: 'saved',
      saved: { snapshot: one, savedAtMs },
    });
  });

  it('is replaced by the next one, and only once that is kept', async () => {
    await save();
    const staged = await stageSnapshotFile(directory, { snapshot: two, savedAtMs });
    assert.equal(await savedHash(), one.hash);
    await staged.keep();
    assert.equal(await savedHash(), two.hash);
  });

  it('is the one before once the next one is kept, and a torn one takes nobody with it', async () => {
    await save();
    await save(two);
    assert.equal(await savedHash('snapshot.before.json'), one.hash);
    assert.equal(await setSnapshotAside(directory, 'snapshot.json'), true);
    assert.equal(await setSnapshotAside(directory, 'snapshot.json'), false);
    await save(two);
    assert.equal(await savedHash('snapshot.before.json'), one.hash);
  });

  it('is ignored when torn, wherever the tear is', async () => {
    await save();
    const text = readFileSync(file());
    // The last byte is the end of the line: without it nothing is missing.
    for (let length = 0; length < text.length - 1; length += 1) await ignored(text.subarray(0, length));
  });

  it('is ignored when a byte of the body was changed', async () => {
    await save();
    const text = readFileSync(file(), 'utf8');
    assert.match(await ignored(text.replace('10.0.0.1', '10.0.0.2')), /checksum/);
  });

  it('is ignored, with both numbers, when it has a format of the future', async () => {
    await save();
    const text = readFileSync(file(), 'utf8').replace('{"format":1', '{"format":9');
    assert.match(await ignored(text), /format 9, and this program reads formats up to 3/);
  });

  it('is ignored when it is something else', async () => {
    for (const text of ['', 'hello', 'null\nnull\n', '{}\n{}\n', '\u0000'.repeat(100)]) await ignored(text);
  });

  it('does not mind what an interrupted write left beside it', async () => {
    await save();
    writeFileSync(`${file()}.new`, 'half a snaps');
    assert.equal(await savedHash(), one.hash);
    await save(two);
    assert.equal(await savedHash(), two.hash);
  });

  it('fails to be staged where it can not be written, leaving the old one', async () => {
    await save();
    await assert.rejects(stageSnapshotFile(join(directory, 'gone'), { snapshot: two, savedAtMs }), /ENOENT/);
    assert.equal(await savedHash(), one.hash);
  });
});
