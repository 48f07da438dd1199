/** What a proxy writes into its state folder: locks it, counts this start, keeps two snapshots and sets the first one aside; says each once it is done. */
import { writeSync } from 'node:fs';
import { systemClock as clock } from '../../core/runtime/clock.ts';
import { silentLogger as logger } from '../../core/runtime/logger.ts';
import { LastGoodSnapshot } from '../../data-plane/subscription/last-good-snapshot.ts';
import {
  SNAPSHOT_FILES,
  setSnapshotAside,
  stageSnapshotFile,
} from '../../data-plane/subscription/snapshot-file.ts';
import { lockStateDir } from '../../data-plane/subscription/state-dir.ts';
import { snapshot } from '../snapshots.ts';

const done = (what: string) => void writeSync(1, `${what}\n`);
const stateDir = lockStateDir(process.argv[2] ?? '', null, done);
await new LastGoodSnapshot({ stateDir, clock, logger }).resume(() => Promise.resolve([]));
done('counted');
for (const revision of [1, 2]) {
  const staged = await stageSnapshotFile(stateDir, { snapshot: snapshot(revision), savedAtMs: 0 });
  done(`staged ${revision}`);
  await staged.keep();
  done(`kept ${revision}`);
}
await setSnapshotAside(stateDir, SNAPSHOT_FILES[0]);
done('set aside');
