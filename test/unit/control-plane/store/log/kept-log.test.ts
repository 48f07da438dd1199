import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeCheckpoint } from '../../../../../control-plane/store/log/checkpoint-codec.ts';
import { keptLog } from '../../../../../control-plane/store/log/kept-log.ts';
import { applyCommits, emptyState } from '../../../../../core/model/fold.ts';
import { MemoryLog, MemoryStore } from '../../../../../harness/store/memory-store.ts';
import { commitOn } from '../../../../../harness/state.ts';

/** A log of ten commits. */
function make() {
  const log = new MemoryLog('store');
  const state = () => applyCommits(emptyState('store'), log.commits);
  for (let revision = 1; revision <= 10; revision++)
    log.append(log.head, [commitOn(state(), [], `r${revision}`)]);
  return { log, store: new MemoryStore(log) };
}

describe('what a store keeps of its log', () => {
  it('is all of it as long as there is no checkpoint', async () => {
    assert.deepEqual(await keptLog(make().store, 5_000), {
      checkpointRevision: 0,
      checkpointAgeMs: Number.NaN,
      oldestRevision: 1,
    });
  });

  it('is what follows the checkpoint that was trimmed to, and the newest one has an age', async () => {
    const { log, store } = make();
    for (const revision of [4, 8]) {
      const at = applyCommits(emptyState('store'), log.commits.slice(0, revision));
      log.writeCheckpoint(encodeCheckpoint(at, { timeMs: revision * 100, logBytes: 1, writer: 'w' }));
    }
    log.writeCheckpoint({ revision: 10, writer: 'w', chunks: [], mark: Buffer.from('{') });
    log.trim(4);
    assert.deepEqual(await keptLog(store, 5_000), {
      checkpointRevision: 8,
      checkpointAgeMs: 4_200,
      oldestRevision: 5,
    });
  });
});
