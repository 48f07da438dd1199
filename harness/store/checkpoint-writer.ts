/**
 * Commits to the LMDB store in the directory it is given, with a checkpoint or a trim after almost every commit, until
 * it is killed; prints each revision once acknowledged.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Checkpointer } from '../../control-plane/store/log/checkpointer.ts';
import { LmdbStore } from '../../control-plane/store/lmdb/lmdb-store.ts';
import { applyResources } from '../../core/model/edits/apply.ts';
import { systemClock as clock } from '../../core/runtime/clock.ts';
import { silentLogger as logger } from '../../core/runtime/logger.ts';
import { systemRandom as random } from '../../core/runtime/random.ts';
import { Replica } from './replica.ts';

const store = new LmdbStore({ directory: process.argv[2] ?? '', clock });
const replica = new Replica(store);
const { follower } = replica;
const limits = { checkpointCommits: 2, keptCommits: 4, keptMs: 0, maxLogBytes: 1_000_000 };
const newWriter = randomUUID;
const checkpointer = new Checkpointer({ store, follower, clock, random, logger, newWriter, limits });
for (let number = 0; ; number++) {
  const backends = [{ address: '10.0.0.1:80', weight: number % 1_000 }];
  const pool = { kind: 'pool', value: { name: `p${number % 9}`, backends } } as const;
  const edit = applyResources([pool], { prune: false });
  const committed = replica.propose(edit, { requestId: randomUUID() });
  // At the same time: the transactions of both follow each other in any order.
  await Promise.all([committed, number > 0 ? checkpointer.run() : undefined]);
  writeSync(1, `${(await committed).revision}\n`);
}
