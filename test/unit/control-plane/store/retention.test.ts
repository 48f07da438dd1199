import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckpointMark } from '../../../../control-plane/store/checkpoint-codec.ts';
import { isCheckpointDue, RETENTION, trimTarget } from '../../../../control-plane/store/retention.ts';

const limits = { checkpointCommits: 100, keptCommits: 300, keptMs: 1_000, maxLogBytes: 50_000 };
/** A commit takes 100 bytes and comes every 10 ms. */
const mark = (revision: number, bytes = 1_000): CheckpointMark => ({
  format: 1,
  head: { storeId: 's', revision, hash: '' },
  timeMs: revision * 10,
  logBytes: revision * 100,
  writer: 'w',
  bytes,
  digest: '',
});
const end = (revision: number) => ({ revision, logBytes: revision * 100 });
const marks = (...revisions: number[]) => revisions.map((revision) => mark(revision));
const target = (at: number, kept: readonly CheckpointMark[], nowMs: number, own = limits) =>
  trimTarget(end(at), kept, nowMs, own)?.head.revision;

describe('a checkpoint is due', () => {
  it('after so many commits, counted from the newest one', () => {
    assert.deepEqual(
      [99, 100].map((at) => isCheckpointDue(end(at), undefined, limits)),
      [false, true],
    );
    assert.deepEqual(
      [299, 300].map((at) => isCheckpointDue(end(at), mark(200), limits)),
      [false, true],
    );
  });

  it('not before the log has grown by its size, so that checkpoints never take more than the log', () => {
    const large = mark(200, 30_000);
    assert.deepEqual(
      [300, 499, 500].map((at) => isCheckpointDue(end(at), large, limits)),
      [false, false, true],
    );
  });
});

describe('the log is trimmed', () => {
  it('up to the newest checkpoint behind which enough commits remain, all of them old enough', () => {
    assert.equal(target(400, marks(100, 200, 300, 400), 1e9), 100);
    assert.equal(target(599, marks(100, 200, 300, 400), 1e9), 200);
    assert.equal(target(299, marks(100, 200), 1e9), undefined);
    // At 600, revision 300 was made 3 s after the start: it is kept for a second.
    assert.equal(target(600, marks(100, 200, 300, 400), 3_999), 200);
    assert.equal(target(600, marks(100, 200, 300, 400), 4_000), 300);
    assert.equal(target(600, marks(100, 200, 300, 400), 0), undefined);
  });

  it('never up to the newest checkpoint', () => {
    assert.equal(target(9_000, marks(100), 1e9), undefined);
    assert.equal(target(9_000, [], 1e9), undefined);
    assert.equal(target(9_000, marks(100, 200), 1e9), 100);
  });

  it('sooner when it takes too many bytes: no further than it must', () => {
    assert.equal(target(700, marks(100, 200, 300, 400, 700), 0), 200);
    assert.equal(target(600, marks(100, 200, 300), 0), undefined);
    assert.equal(target(2_000, marks(100, 200, 300), 0), 200);
  });

  it('with the limits that the documentation names', () => {
    const { keptCommits, keptMs, maxLogBytes } = RETENTION;
    assert.deepEqual([keptCommits, keptMs / 86_400_000, maxLogBytes / 1_048_576], [1_000, 7, 64]);
  });
});
