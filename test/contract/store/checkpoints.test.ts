/** The contract of checkpoints over stores in memory, and a process that is killed in the midst of checkpoints. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ConfigStore } from '../../../control-plane/store/config-store.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { LmdbStore } from '../../../control-plane/store/lmdb/lmdb-store.ts';
import { LogReader } from '../../../control-plane/store/log/log-reader.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { FakeEtcd, FakeEtcdClient } from '../../../harness/store/fake-etcd.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { temporaryFolder } from '../../../harness/programs/processes.ts';
import type { StoreHarness } from './config-store.contract.ts';
import { checkpointsContract } from './config-store-checkpoints.contract.ts';
import { byRunLength } from '../../../harness/run-length.ts';
import { validateState } from '../../../harness/state.ts';

const KILLS = byRunLength(3, 30);

/** Everything is in memory: nothing to start or stop. */
function inMemory(open: () => () => ConfigStore): StoreHarness {
  let reopen = open();
  return {
    start: async () => undefined,
    fresh: async () => {
      reopen = open();
    },
    open: () => reopen(),
    stop: async () => undefined,
  };
}

checkpointsContract(
  'memory',
  inMemory(() => {
    const log = new MemoryLog();
    return () => new MemoryStore(log);
  }),
);
checkpointsContract(
  'an etcd in memory, as the property tests have it',
  inMemory(() => {
    const server = new FakeEtcd();
    return () => new EtcdStore(new FakeEtcdClient(server).client);
  }),
);

it('a store in files reads whole though its process is killed in the midst of checkpoints and trims', async (context) => {
  const directory = join(temporaryFolder(context), 'store');
  const writer = fileURLToPath(new URL('../../../harness/store/checkpoint-writer.js', import.meta.url));
  for (let round = 1; round <= KILLS; round++) {
    const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged >= round * 25) child.kill('SIGKILL');
    }
    await exit;
    const store = new LmdbStore({ directory, clock });
    const head = await store.head();
    assert.ok(head.revision >= acknowledged && acknowledged >= round * 25);
    const ignored: string[] = [];
    const read = await new LogReader(store, (words) => ignored.push(words)).readTo(head);
    assert.ok(read.ok, JSON.stringify(read));
    assert.deepEqual([validateState(read.state), ignored], [[], []]);
    assert.deepEqual(await store.read(1, 1), [], 'nothing was trimmed');
    await store.close();
  }
});
