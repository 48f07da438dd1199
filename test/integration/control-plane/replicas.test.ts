/** Several control planes on one log: which one refuses to serve, and what is sent when one comes back. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { decodeCommit, encodeCommit } from '../../../control-plane/store/log/commit-codec.ts';
import { LmdbStore } from '../../../control-plane/store/lmdb/lmdb-store.ts';
import type { Commit } from '../../../core/model/commit.ts';
import { FORMAT } from '../../../core/model/commit.ts';
import { sealCommit } from '../../../core/model/hash.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import { lbctlFor } from '../../../harness/programs/fleet.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import { temporaryFolder } from '../../../harness/programs/processes.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import * as make from '../../../harness/snapshots.ts';
import { TestProxy, TestReporter } from '../../../harness/control-plane/test-proxy.ts';

/** Reads commits the way that stores of bytes do: what a newer program wrote is noticed. */
class EncodedStore extends MemoryStore {
  override async read(fromRevision: number, limit: number): Promise<Commit[]> {
    const commits = await super.read(fromRevision, limit);
    return commits.map((commit) => decodeCommit(encodeCommit(commit), `revision ${commit.revision}`));
  }
}

/** What a replica of the next version commits. */
function commitOfNewer(log: MemoryLog): void {
  const { revision, hash } = log.head;
  const commit = sealCommit({
    format: FORMAT + 1,
    revision: revision + 1,
    parent: hash,
    timeMs: 1_700_000_000_000,
    author: 'newer',
    message: '',
    requestId: `newer-${revision + 1}`,
    requestDigest: '',
    changes: [{ op: 'put', resource: make.pool('green') }],
  });
  assert.ok(log.append(log.head, [commit]));
}

const createPool = ({ call }: TestControlPlane) =>
  call('pools', 'CreatePool', { pool: { name: 'web', backends: [{ address: '10.1.0.0:80' }] } });

const weigh = ({ call }: TestControlPlane, weight: number) =>
  call('pools', 'UpdateBackend', { pool: 'web', backend: { address: '10.1.0.0:80', weight } });

describe('a replica older than what it reads in the store', () => {
  it('refuses every call, says why, and ends every stream', async (t) => {
    const log = new MemoryLog();
    const old = await runControlPlane(t, { store: new EncodedStore(log) });
    await createPool(old);
    const proxy = new TestProxy(old.client, 'p');
    proxy.subscribe();
    await proxy.reach(1);
    const reporter = TestReporter.of(old.client, 'p', proxy.runs);
    await reporter.incoming.next();
    commitOfNewer(log);

    for (const stream of [proxy.incoming, reporter.incoming]) {
      const said = await stream.error();
      assert.equal(said.code, 'UNAVAILABLE');
      assert.match(said.message, /answers no requests.*format 2.*reads format 1.*another replica/);
    }
    const ready = await fetch(`http://${old.httpAddress}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /answers no requests.*format 2/);
    const http = (path: string) => fetch(`http://${old.httpAddress}${path}`);
    for (const path of ['/api/events', '/api/converged?revision=1', '/api/revisions']) {
      const answer = await http(path);
      assert.equal(answer.status, 503, path);
      assert.match(await answer.text(), /answers no requests.*format 2.*another replica/, path);
    }
    for (const path of ['/', '/metrics']) assert.equal((await http(path)).status, 200, path);
    const refusals = [
      old.call('pools', 'ListPools', {}),
      old.call('config', 'Export', {}),
      old.call('fleet', 'ListProxies', {}),
      weigh(old, 3),
    ];
    for (const refusal of refusals) {
      await assert.rejects(refusal, (error) => error instanceof LbError && error.code === 'UNAVAILABLE');
    }
    const again = new TestProxy(old.client, 'p', proxy.runs);
    again.subscribe();
    assert.match((await again.incoming.error()).message, /answers no requests/);
  });
});

describe('a control plane that comes back', () => {
  /** What was sent before a change of one backend, and for it. */
  async function sentFor(plane: TestControlPlane, proxy: TestProxy): Promise<readonly string[]> {
    proxy.subscribe();
    await weigh(plane, 9);
    const [first, ...others] = await proxy.reach(2);
    assert.deepEqual(others, []);
    assert.equal(proxy.incoming.waiting, 0);
    return first?.upserts ?? [];
  }

  it('sends no resource to a proxy that has them all: not after a restart, not after a fail-over', async (t) => {
    const directory = join(temporaryFolder(t), 'store');
    const open = () => new LmdbStore({ directory, clock: systemClock });
    const before = await runControlPlane(t, { store: open() });
    await createPool(before);
    const proxy = new TestProxy(before.client, 'p');
    proxy.subscribe();
    await proxy.reach(1);
    await before.stop();
    const after = await runControlPlane(t, { store: open() });
    const back = new TestProxy(after.client, 'p', proxy.runs);
    assert.deepEqual(await sentFor(after, back), ['backend/web/10.1.0.0:80']);

    const log = new MemoryLog();
    const one = await runControlPlane(t, { store: new MemoryStore(log) });
    await createPool(one);
    const two = await runControlPlane(t, { store: new MemoryStore(log) });
    const first = new TestProxy(one.client, 'p');
    first.subscribe();
    await first.reach(1);
    await one.stop();
    const moved = new TestProxy(two.client, 'p', first.runs);
    assert.deepEqual(await sentFor(two, moved), ['backend/web/10.1.0.0:80']);
  });
});

it('lbctl looks up a host name, and goes on to the next address when it leads nowhere', async (t) => {
  const plane = await runControlPlane(t);
  await createPool(plane);
  const named = plane.grpcAddress.replace('127.0.0.1', 'localhost');
  const found = await lbctlFor('no-such-host.invalid:1', named)(['get', 'pools', '-o', 'name']);
  assert.match(found.stdout, /web/);
  const { code, stderr } = await lbctlFor('no-such-host.invalid:1')(['get', 'pools']);
  assert.equal(code, 3);
  assert.match(stderr, /no-such-host\.invalid can't be resolved/);
});
