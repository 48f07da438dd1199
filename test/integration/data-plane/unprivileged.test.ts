/** A real proxy process of a user without privileges. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { CheckedConversation, startMirror } from '../../../harness/engine/checked-conversation.ts';
import { isRoot } from '../../../harness/containers/network.ts';
import { startBuilt } from '../../../harness/programs/processes.ts';
import {
  askOnce,
  type ProxyProcess,
  proxySurroundings,
  startProxyProcess,
  webSnapshot,
} from '../../../harness/programs/proxy-process.ts';
import { within } from '../../../harness/engine/tcp.ts';
import { type Unprivileged, unprivileged } from '../../../harness/programs/unprivileged.ts';

/** `nobody` and its group. */
const NOBODY = [65_534, 65_534] as const;
const MEGABYTE = 1_000_000;
const PAGE_BYTES = 4_096;
/** What a test may take for a while. */
const MOST_PIPE_BYTES = 256 * 1024 * 1024;
const SPLICE = { LB_SPLICE: 'true' };

interface Serving {
  readonly proxy: ProxyProcess;
  readonly port: number;
}

async function serving(t: TestContext, { folder, options }: Unprivileged): Promise<Serving> {
  const { replica, port } = await proxySurroundings(t);
  const mirror = await startMirror();
  t.after(() => mirror.stop());
  const stateDir = join(folder, 'state');
  const flags = { engine: 'epoll' };
  const proxy = await startProxyProcess(t, [replica.address], stateDir, flags, { ...options, env: SPLICE });
  assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, mirror.address))), null);
  return { proxy, port };
}

/** Four connections of ten megabytes each, there and back, every byte looked at. */
async function moveBulk(port: number): Promise<void> {
  const all = await Promise.all([1, 2, 3, 4].map((seed) => CheckedConversation.open(port, seed)));
  await Promise.all(
    all.map(async (conversation) => {
      for (let count = 0; count < 10; count += 1) await conversation.exchange(MEGABYTE);
      await conversation.end();
    }),
  );
}

/** That a user without privileges may have in pipes. */
function pipeBytesAllowed(): number {
  const pages = Number(readFileSync('/proc/sys/fs/pipe-user-pages-soft', 'utf8'));
  return pages === 0 ? Number.POSITIVE_INFINITY : pages * PAGE_BYTES;
}

/** Ends of pipes that a process holds. */
function pipeEnds({ pid }: ProxyProcess): number {
  const folder = `/proc/${pid}/fd`;
  const targets = readdirSync(folder).map((fd) => {
    try {
      return readlinkSync(join(folder, fd));
    } catch {
      return 'closed meanwhile';
    }
  });
  return targets.filter((target) => target.startsWith('pipe:')).length;
}

async function stopsInOrder({ proxy }: Serving): Promise<void> {
  proxy.signal('SIGTERM');
  assert.deepEqual(await within('the exit', proxy.ended), { code: 0, signal: null });
  for (const line of proxy.lines) assert.doesNotMatch(line, /"level":"(error|fatal)"/);
}

describe('a proxy of a user without privileges, epoll engine with splice', () => {
  it('relays a line and megabytes, moves them inside the kernel, keeps its state and stops in order', async (t) => {
    const user = await unprivileged(t, ...NOBODY);
    const scene = await serving(t, user);
    const { proxy, port } = scene;
    assert.notEqual(statSync(`/proc/${proxy.pid}`).uid, 0);
    assert.equal(await askOnce(port), 'hello');
    const before = pipeEnds(proxy);
    await moveBulk(port);
    assert.ok(pipeEnds(proxy) > before, 'no pipe was used');
    const files = readdirSync(join(user.folder, 'state'));
    assert.ok(files.length > 0, 'no state was written');
    for (const file of files) assert.equal(statSync(join(user.folder, 'state', file)).uid, user.uid, file);
    await stopsInOrder(scene);
  });

  it('copies when its user has no memory left for pipes', async (t) => {
    const limit = pipeBytesAllowed();
    if (!(limit <= MOST_PIPE_BYTES)) return t.skip('fs.pipe-user-pages-soft does not limit pipes here');
    if (!isRoot(t, 'to start a process as another user')) return;
    // A user of its own: whatever else `nobody` runs here keeps its pipes.
    const uid = 61_000 + Math.floor(Math.random() * 4_000);
    const user = await unprivileged(t, uid, uid);
    const hoarder = startBuilt(t, 'harness/engine/pipe-hoarder.js', [], user.options);
    await hoarder.line((line) => (line === 'full' ? true : undefined), 'having all pipes');
    const scene = await serving(t, user);
    const before = pipeEnds(scene.proxy);
    await moveBulk(scene.port);
    assert.equal(pipeEnds(scene.proxy), before, 'a pipe was used');
    await stopsInOrder(scene);
  });
});
