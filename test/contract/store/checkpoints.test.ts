/** The contract of checkpoints over every kind of store, and a process that is killed in the midst of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EtcdClient } from '../../../control-plane/store/etcd/etcd-client.ts';
import { EtcdStore } from '../../../control-plane/store/etcd/etcd-store.ts';
import { LmdbStore } from '../../../control-plane/store/lmdb/lmdb-store.ts';
import { LogReader } from '../../../control-plane/store/log/log-reader.ts';
import { systemClock as clock } from '../../../core/runtime/clock.ts';
import { systemRandom as random } from '../../../core/runtime/random.ts';
import { type Etcd, findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../../harness/programs/etcd.ts';
import { FakeEtcd, FakeEtcdClient } from '../../../harness/store/fake-etcd.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { temporaryFolder } from '../../../harness/programs/processes.ts';
import type { StoreHarness } from './config-store.contract.ts';
import { checkpointsContract } from './config-store-checkpoints.contract.ts';
import { byRunLength } from '../../../harness/run-length.ts';
import { validateState } from '../../../harness/state.ts';

function memory(): StoreHarness {
  let log = new MemoryLog();
  return {
    start: async () => undefined,
    fresh: async () => {
      log = new MemoryLog();
    },
    open: () => new MemoryStore(log),
    stop: async () => undefined,
  };
}

function etcdInMemory(): StoreHarness {
  let server = new FakeEtcd();
  return {
    start: async () => undefined,
    fresh: async () => {
      server = new FakeEtcd();
    },
    open: () => new EtcdStore(new FakeEtcdClient(server).client),
    stop: async () => undefined,
  };
}

function lmdb(): StoreHarness {
  let root = '';
  let made = 0;
  return {
    start: async () => {
      root = mkdtempSync(join(tmpdir(), 'lb-checkpoints-'));
    },
    fresh: async () => {
      made += 1;
    },
    open: () => new LmdbStore({ directory: join(root, `store-${made}`), clock }),
    stop: async () => rmSync(root, { recursive: true, force: true }),
  };
}

function etcd(binary: string): StoreHarness {
  let server: Etcd;
  let made = 0;
  return {
    start: async () => {
      server = await startEtcd(binary);
    },
    fresh: async () => {
      made += 1;
    },
    open: () => {
      const options = {
        endpoints: [server.endpoint],
        access: { prefix: `/checkpoints-${made}/` },
        clock,
        random,
      };
      return new EtcdStore(new EtcdClient(options));
    },
    stop: () => server.dispose(),
  };
}

const KILLS = byRunLength(3, 30);

checkpointsContract('memory', memory());
checkpointsContract('an etcd in memory, as the property tests have it', etcdInMemory());
checkpointsContract('lmdb', lmdb());

const binary = findEtcd();
if (binary === undefined) it(`etcd is not installed: ${HOW_TO_GET_ETCD}`, { skip: true });
else checkpointsContract('etcd', etcd(binary));

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
