/** Appends to the LMDB store in the directory it is given until it is killed; prints each revision once acknowledged. */
import { writeSync } from 'node:fs';
import { LmdbStore } from '../../control-plane/store/lmdb-store.ts';
import { FORMAT } from '../../core/model/commit.ts';
import { sealCommit } from '../../core/model/hash.ts';
import { systemClock } from '../../core/runtime/clock.ts';

const store = new LmdbStore({ directory: process.argv[2] ?? '', clock: systemClock });
for (;;) {
  const parent = await store.head();
  const revision = parent.revision + 1;
  const commit = sealCommit({
    format: FORMAT,
    revision,
    parent: parent.hash,
    timeMs: 0,
    author: 'writer',
    message: 'x'.repeat(300),
    requestId: `r${revision}`,
    requestDigest: '',
    changes: [],
  });
  const { outcome } = await store.append(parent, [commit]);
  if (outcome === 'appended') writeSync(1, `${revision}\n`);
}
