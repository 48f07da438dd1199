import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  readSnapshotFile,
  setSnapshotAside,
  stageSnapshotFile,
} from '../../../../data-plane/subscription/snapshot-file.ts';
import * as make from '../../../../harness/snapshots.ts';

const one = make.snapshot(1, make.pool('web'), make.backend('web', '10.0.0.1:80'));
const two = make.snapshot(2, make.pool('web'));
const savedAtMs = 1_700_000_000_123;

describe('the snapshot file', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lb-snapshot-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const file = () => join(directory, 'snapshot.json');
  const save = async (snapshot = one) => (await stageSnapshotFile(directory, { snapshot, savedAtMs })).keep();
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
    const before = await readSnapshotFile(directory);
    assert.ok(before.type === 'saved');
    assert.equal(before.saved.snapshot.hash, one.hash);
    await staged.keep();
    const after = await readSnapshotFile(directory);
    assert.ok(after.type === 'saved');
    assert.equal(after.saved.snapshot.hash, two.hash);
  });

  it('is the one before once the next one is kept, and a torn one takes nobody with it', async () => {
    await save();
    await save(two);
    const before = await readSnapshotFile(directory, 'snapshot.before.json');
    assert.ok(before.type === 'saved');
    assert.equal(before.saved.snapshot.hash, one.hash);
    assert.equal(await setSnapshotAside(directory, 'snapshot.json'), true);
    assert.equal(await setSnapshotAside(directory, 'snapshot.json'), false);
    await save(two);
    const still = await readSnapshotFile(directory, 'snapshot.before.json');
    assert.ok(still.type === 'saved');
    assert.equal(still.saved.snapshot.hash, one.hash);
  });

  it('may be missing', async () => {
    assert.deepEqual(await readSnapshotFile(directory), { type: 'none' });
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
    assert.match(await ignored(text), /format 9, and this program reads format 1/);
  });

  it('is ignored when it is something else', async () => {
    for (const text of ['', 'hello', 'null\nnull\n', '{}\n{}\n', '\u0000'.repeat(100)]) await ignored(text);
  });

  it('does not mind what an interrupted write left beside it', async () => {
    await save();
    writeFileSync(`${file()}.new`, 'half a snaps');
    assert.equal((await readSnapshotFile(directory)).type, 'saved');
    await save(two);
    assert.equal((await readSnapshotFile(directory)).type, 'saved');
  });

  it('fails to be staged where it can not be written, leaving the old one', async () => {
    await save();
    await assert.rejects(stageSnapshotFile(join(directory, 'gone'), { snapshot: two, savedAtMs }), /ENOENT/);
    assert.equal((await readSnapshotFile(directory)).type, 'saved');
  });
});
