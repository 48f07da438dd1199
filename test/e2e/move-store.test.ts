/** A fleet that moves between stores, and a store in files that is backed up: as docs/backup.md says. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../harness/programs/etcd.ts';
import { lbctlFor, startControlPlane, succeed } from '../../harness/programs/fleet.ts';
import { temporaryFolder } from '../../harness/programs/processes.ts';

const CONFIGURATION = [
  ['create', 'policy', 'steady', '--strategy', 'least_connections', '--idle-timeout', '1m30s'],
  ['set', 'policy', 'default', '--retries', '5'],
  [
    'create',
    'pool',
    'web',
    '--policy',
    'steady',
    '--backend',
    '10.0.0.1:80,weight=3',
    '--backend',
    '10.0.0.2:80',
  ],
  ['create', 'pool', 'empty'],
  ['create', 'listener', 'web', '--address', '127.0.0.1:8080', '--pool', 'web'],
  ['backend', 'drain', 'web', '10.0.0.2:80'],
];

describe('a store', () => {
  it('moves from LMDB to etcd by export and apply --prune, states of backends included', async (t) => {
    const binary = findEtcd();
    if (binary === undefined) return t.skip(HOW_TO_GET_ETCD);
    const etcd = await startEtcd(binary);
    t.after(() => etcd.dispose());
    const [from, to] = [await startControlPlane(t), await startControlPlane(t, `etcd:${etcd.endpoint}`)];
    const [old, now] = [lbctlFor(from.grpc), lbctlFor(to.grpc)];
    for (const words of CONFIGURATION) await succeed(old, words);
    await succeed(now, ['create', 'pool', 'left-over']);
    const exported = await succeed(old, ['export']);
    assert.match(exported, /state: draining/);
    assert.match(await succeed(now, ['apply', '-f', '-', '--prune'], exported), /^revision 2\n$/);
    assert.equal(await succeed(now, ['export']), exported);
    const again = await now(['diff', '-f', '-', '--prune'], exported);
    assert.deepEqual([again.code, again.stdout], [0, '']);
  });

  it('in files is backed up by a copy of its folder, history included', async (t) => {
    const folder = temporaryFolder(t);
    const [directory, copy] = [join(folder, 'store'), join(folder, 'copy')];
    const before = await startControlPlane(t, `lmdb:${directory}`);
    for (const words of CONFIGURATION) await succeed(lbctlFor(before.grpc), words);
    const history = await succeed(lbctlFor(before.grpc), ['history', '-o', 'json']);
    await before.stop();
    cpSync(directory, copy, { recursive: true });
    const after = await startControlPlane(t, `lmdb:${copy}`);
    assert.equal(await succeed(lbctlFor(after.grpc), ['history', '-o', 'json']), history);
    await succeed(lbctlFor(after.grpc), ['rollback', '3']);
  });
});
