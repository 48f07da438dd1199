/**
 * Reads the requests of a part of the log that a checkpoint stood for.
 *
 * A replica serves from the checkpoint at once; before it decides a change it must know every request_id in the log, or
 * a repeated request could change something twice.
 */
import type { Commit } from '../../../core/model/commit.ts';
import type { Head } from '../../../core/model/commit.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { ConfigStore } from '../config-store.ts';
import { whyNotContinuation } from './catch-up-plan.ts';
import { oldestKept } from './log-reader.ts';
import { READ_COMMITS } from './read-on-machine.ts';

/** Gives each kept commit after `known` and up to `end`, oldest first. Trimmed away meanwhile counts as not kept. */
export async function readPassedOver(
  store: ConfigStore,
  known: number,
  end: Head,
  give: (commit: Commit) => void,
): Promise<void> {
  let next = Math.max(known + 1, await oldestKept(store));
  let before: Head | undefined;
  while (next <= end.revision) {
    const commits = await store.read(next, Math.min(READ_COMMITS, end.revision + 1 - next));
    const [first] = commits;
    if (first === undefined) {
      const oldest = await oldestKept(store);
      if (oldest <= next) throw unreadable(`its log ends before revision ${next}`);
      next = oldest;
      before = undefined;
      continue;
    }
    before ??= { storeId: end.storeId, revision: first.revision - 1, hash: first.parent };
    const doubt = whyNotContinuation(before, commits);
    if (doubt !== undefined) throw unreadable(doubt);
    for (const commit of commits) give(commit);
    const { revision, hash } = commits.at(-1) as Commit;
    before = { storeId: end.storeId, revision, hash };
    next = revision + 1;
  }
  if (before !== undefined && before.hash !== end.hash) {
    throw unreadable(`its revision ${end.revision} is not the one that its checkpoint names`);
  }
}

function unreadable(doubt: string): LbError {
  const message = `the earlier requests in the store can't be read, so a repeated one could not be told from a new one: ${doubt}; nothing was written`;
  return new LbError('FAILED_PRECONDITION', message);
}
