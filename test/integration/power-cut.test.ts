/** What was promised to be on disk is synced by then, in an order that leaves the old or the new state at any moment. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type DiskMoment, momentsOf, recordDisk } from '../../harness/programs/disk-record.ts';
import { built, temporaryFolder } from '../../harness/programs/processes.ts';
import { present } from '../../harness/programs/real-servers.ts';

/** A folder that does not exist yet, in one that does. */
async function record(t: TestContext, writer: string, last: RegExp): Promise<readonly DiskMoment[]> {
  const folder = temporaryFolder(t);
  const isLast = (line: string) => last.test(line);
  const moments = await recordDisk(t, [built(writer), join(folder, 'new')], folder, isLast);
  // What a lock file says is worth nothing after a power cut.
  const isKept = (path: string) => !/lock(?:\.mdb)?$/.test(path);
  return moments.map((moment) => ({ ...moment, unsynced: moment.unsynced.filter(isKept) }));
}

describe('a power cut', () => {
  it('takes no commit of LMDB that was acknowledged, and finds each one whole or not at all', async (t) => {
    if (!present(t, 'strace')) return;
    const moments = await record(t, 'harness/store/lmdb-writer.js', /^20$/);
    const said = moments.filter(({ kind }) => kind === 'said');
    const counts = moments.filter(({ kind }) => kind === 'wrote-synced');
    assert.ok(said.length >= 20 && counts.length >= said.length);
    for (const { text, unsynced } of said) assert.deepEqual(unsynced, [], `when ${text} was acknowledged`);
    // Those pages are at the beginning, and written once without a sync: when the file is made.
    const early = moments.filter(
      ({ kind, text }) => kind === 'wrote' && /data\.mdb [0-7]?\d{1,3}$/.test(text),
    );
    assert.deepEqual(
      early.map(({ text }) => text),
      ['new/data.mdb 0'],
    );
    // The page that makes a transaction count, after the pages that it names.
    for (const { unsynced } of counts) assert.ok(!unsynced.includes('new/data.mdb'), String(unsynced));
  });

  it('takes no snapshot that a proxy has kept, and never leaves half of one under its name', async (t) => {
    if (!present(t, 'strace')) return;
    const moments = await record(t, 'harness/proxy/snapshot-writer.js', /^set aside$/);
    const unsyncedAt = (text: string) => moments.find((moment) => moment.text === text)?.unsynced;
    for (const text of ['counted', 'kept 1', 'kept 2', 'set aside'])
      assert.deepEqual(unsyncedAt(text), [], text);
    const renames = moments.filter(({ kind }) => kind === 'renamed');
    assert.ok(renames.length >= 4);
    for (const { text, unsynced } of renames) {
      assert.ok(!unsynced.some((path) => path.includes('snapshot')), text);
    }
  });

  it('is judged by calls that threads make at the same time', () => {
    const calls = [
      '1 openat(AT_FDCWD</>, "/s/a", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 3</s/a>',
      '1 write(3</s/a>, "x", 1 <unfinished ...>',
      '2 fsync(3</s/a> <unfinished ...>',
      '1 <... write resumed>) = 1',
      '1 write(3</s/a>, "y", 1) = 1',
      '2 <... fsync resumed>) = 0',
      '1 write(1</dev/null>, "one\\n", 4) = 4',
      '1 fdatasync(3</s/a>) = 0',
      '1 fsync(4</s>) = 0',
      '1 rename("/s/a", "/s/b") = 0',
      '1 write(1</dev/null>, "two\\n", 4) = 4',
    ];
    const moments = momentsOf(calls.join('\n'), '/s');
    assert.deepEqual(
      moments.filter(({ kind }) => kind !== 'wrote'),
      [
        { kind: 'said', text: 'one', unsynced: ['.', 'a'] },
        { kind: 'renamed', text: 'b', unsynced: [] },
        { kind: 'said', text: 'two', unsynced: ['.'] },
      ],
    );
  });
});
