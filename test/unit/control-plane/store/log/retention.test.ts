import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CheckpointMark } from '../../../../../control-plane/store/log/checkpoint-codec.ts';
import { isCheckpointDue, RETENTION, trimTarget } from '../../../../../control-plane/store/log/retention.ts';

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
const target = (at: number, kept: readonly CheckpointMark[], nowMs: number, isWhole = true) =>
  trimTarget(end(at), kept, isWhole, nowMs, limits)?.head.revision;

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

  it('sooner after large commits: a quarter of the bytes that are kept', () => {
    const at = (revision: number, logBytes: number) =>
      isCheckpointDue({ revision, logBytes }, mark(200), limits);
    assert.deepEqual([at(203, 32_499), at(203, 32_500), at(200, 99_999)], [false, true, false]);
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
    assert.equal(target(450, marks(100, 200, 300, 400), 0), undefined);
  });

  it('never up to the newest checkpoint', () => {
    assert.equal(target(9_000, marks(100), 1e9), undefined);
    assert.equal(target(9_000, [], 1e9), undefined);
    assert.equal(target(9_000, marks(100, 200), 1e9), 100);
  });

  it('sooner when it takes too many bytes, the checkpoints and what was before the first one included', () => {
    const all = marks(100, 200, 300, 400, 500);
    // Of 500 commits and five checkpoints, 45,000 bytes and 5,000: just enough.
    assert.equal(trimTarget({ revision: 500, logBytes: 45_000 }, all, true, 0, limits), undefined);
    assert.equal(trimTarget({ revision: 500, logBytes: 45_001 }, all, true, 0, limits)?.head.revision, 100);
    assert.equal(target(540, all, 0, false), undefined);
    assert.equal(target(560, all, 0, false), 200);
  });

  it('then no further than it must, or as far as it can', () => {
    assert.equal(target(700, marks(100, 200, 300, 400, 700), 0), 300);
    assert.equal(target(2_000, marks(100, 200, 300), 0), 200);
    assert.equal(target(2_000, marks(100, 200, 300), 0, false), 200);
  });

  it('so that, with checkpoints as they fall due, no more bytes are ever kept than are allowed', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 12_000 }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: limits.maxLogBytes / 8 }), (commits, bytes) => {
        let kept: CheckpointMark[] = [];
        let logBytes = 0;
        let trimmedBytes = 0;
        for (const [index, size] of commits.entries()) {
          const at = { revision: index + 1, logBytes: (logBytes += size) };
          if (isCheckpointDue(at, kept.at(-1), limits))
            kept.push({ ...mark(at.revision, bytes), logBytes: at.logBytes });
          const found = trimTarget(at, kept, trimmedBytes === 0, 0, limits);
          if (found !== undefined) {
            kept = kept.filter(({ head }) => head.revision >= found.head.revision);
            trimmedBytes = found.logBytes;
          }
          const all = logBytes - trimmedBytes + kept.length * bytes;
          assert.ok(all <= limits.maxLogBytes, `${all} bytes after ${at.revision} commits`);
        }
      }),
    );
  });

  it('with the limits that the documentation names', () => {
    const { keptCommits, keptMs, maxLogBytes } = RETENTION;
    assert.deepEqual([keptCommits, keptMs / 86_400_000, maxLogBytes / 1_048_576], [1_000, 7, 64]);
  });
});
