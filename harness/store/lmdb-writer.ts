/**
 * Appends to the LMDB store in the directory it is given until it is killed; prints each revision once acknowledged,
 * and why it was refused, or can't be known to be written.
 */
import { writeSync } from 'node:fs';
import { LmdbStore } from '../../control-plane/store/lmdb/lmdb-store.ts';
import { FORMAT } from '../../core/model/commit.ts';
import { sealCommit } from '../../core/model/hash.ts';
import { systemClock } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';

const log = (_fields: object, message: string) => void writeSync(1, `logged: ${message}\n`);
const store = new LmdbStore({
  directory: process.argv[2] ?? '',
  clock: systemClock,
  logger: { error: log, warn: log, info: log },
});
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
  const result = await store.append(parent, [commit]).catch((error: LbError) => error);
  if (result instanceof LbError) {
    writeSync(1, `refused: ${result.code} ${result.message}\n`);
    continue;
  }
  if (result.outcome === 'appended') writeSync(1, `${revision}\n`);
  if (result.outcome === 'unknown') writeSync(1, `unknown: ${messageOf(result.cause)}\n`);
}
