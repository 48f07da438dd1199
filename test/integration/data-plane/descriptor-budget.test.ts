/** A real proxy process that may have few connections: by its descriptors, by its flag or by the memory of its group. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { type TestContext, describe, it } from 'node:test';
import { CheckedConversation, startMirror } from '../../../harness/engine/checked-conversation.ts';
import {
  eventually,
  flagList,
  run,
  startBuilt,
  temporaryFolder,
} from '../../../harness/programs/processes.ts';
import {
  type ProxyProcess,
  proxySurroundings,
  readMetric,
  startProxyProcess,
  webResources,
  webSnapshot,
} from '../../../harness/programs/proxy-process.ts';
import type { ScriptedReplica } from '../../../harness/proxy/scripted-replica.ts';
import { listener, snapshot } from '../../../harness/snapshots.ts';
import { freePort } from '../../../harness/free-port.ts';
import { ask, dial, until, within } from '../../../harness/engine/tcp.ts';
import { makeMemoryGroup } from '../../../harness/programs/memory-group.ts';

const FEW_DESCRIPTORS = 900;
const FULL = 'the connection limit is reached';

interface Serving {
  readonly replica: ScriptedReplica;
  readonly proxy: ProxyProcess;
  /** The most connections that it allows. */
  readonly limit: number;
  client(): Promise<CheckedConversation>;
}

async function serving(
  t: TestContext,
  flags: Readonly<Record<string, string>>,
  options: { readonly descriptors?: number } = {},
): Promise<Serving> {
  const { replica, port, stateDir } = await proxySurroundings(t);
  const mirror = await startMirror();
  t.after(() => mirror.stop());
  const proxy = await startProxyProcess(t, [replica.address], stateDir, flags, options);
  assert.equal(await replica.answerTo(replica.publish(webSnapshot(1, port, mirror.address))), null);
  const limit = await readMetric(proxy.admin, 'lb_connection_limit');
  assert.ok(limit !== undefined && limit > 0);
  let seed = 0;
  return {
    replica,
    proxy,
    limit,
    async client() {
      const conversation = await CheckedConversation.open(port, (seed += 1));
      t.after(() => void conversation.socket.destroy());
      return conversation;
    },
  };
}

function count(proxy: ProxyProcess, text: string): number {
  return proxy.lines.filter((line) => line.includes(text)).length;
}

function pauses({ admin }: ProxyProcess, cause: string): Promise<number | undefined> {
  return readMetric(admin, `lb_accept_pauses_total{cause="${cause}"}`);
}

function saturatedIs(value: number, { proxy }: Serving): Promise<boolean> {
  return eventually(
    async () => ((await readMetric(proxy.admin, 'lb_saturated')) === value ? true : undefined),
    `lb_saturated ${value}`,
  );
}

/** Starts a program with so many descriptors. Its exit code, null when it was still running, and the lines of its log. */
async function startedWith(t: TestContext, program: string, descriptors: number) {
  const state = temporaryFolder(t);
  const proxy = { 'state-dir': state, 'admin-address': '127.0.0.1:0', 'control-plane': '127.0.0.1:1' };
  const plane = { store: `lmdb:${state}`, 'grpc-address': '127.0.0.1:0', 'http-address': '127.0.0.1:0' };
  const flags = flagList(program === 'data-plane' ? proxy : plane);
  const running = startBuilt(t, `${program}/main.js`, flags, { descriptors });
  const level = await running.line((line) => /"level":"(fatal|warn)"/.exec(line)?.[1], 'a word');
  if (level === 'fatal') assert.equal((await running.ended).code, 1);
  return running.lines.join('\n');
}

describe('a program with too few descriptors', () => {
  for (const [program, descriptors, words] of [
    ['data-plane', 24, /"fatal".*the descriptor limit is 24, and lb-data-plane needs at least 256; raise it/],
    [
      'control-plane',
      24,
      /"fatal".*the descriptor limit is 24, and lb-control-plane needs at least 256; raise it/,
    ],
    ['data-plane', 64, /"fatal".*the descriptor limit is 64/],
    ['control-plane', 255, /"fatal".*the descriptor limit is 255/],
    ['data-plane', 540, /"fatal".*the limit of descriptors leaves room for fewer than 16 connections: raise/],
    [
      'data-plane',
      FEW_DESCRIPTORS,
      /"warn".*the limit of descriptors leaves room for \d+ connections only: raise/,
    ],
  ] as const) {
    it(`refuses to start, or warns, in words: ${program} with ${descriptors}`, async (t) => {
      const log = await startedWith(t, program, descriptors);
      assert.match(log, words);
      assert.doesNotMatch(log, /\n {4}at |node:internal/, 'no stack trace');
    });
  }
});

describe('a proxy with few descriptors', () => {
  it('lets clients beyond its limit wait, serves those it has, and then the others', async (t) => {
    const scene = await serving(t, {}, { descriptors: FEW_DESCRIPTORS });
    const { proxy, limit } = scene;
    const all = await Promise.all(Array.from({ length: limit + 40 }, () => scene.client()));
    for (const each of all) each.say(100);
    await saturatedIs(1, scene);
    const answered = (): CheckedConversation[] => all.filter(({ heard }) => heard === 100);
    await until('those that have room', () => answered().length >= limit);
    const first = answered();
    for (let round = 0; round < 3; round++) await Promise.all(first.map((each) => each.exchange(1_000)));
    // Each worker may be one over before it sees the other's.
    const open = (await readMetric(proxy.admin, 'lb_listener_connections_active{listener="web"}')) ?? 0;
    assert.ok(open >= limit && open <= limit + 1, `${open} are open at a limit of ${limit}`);
    assert.equal(count(proxy, FULL), 1, proxy.lines.join('\n'));
    assert.ok(((await pauses(proxy, 'connection_limit')) ?? 0) >= 1);
    assert.equal(await pauses(proxy, 'shortage'), 0);
    assert.equal(count(proxy, 'EMFILE'), 0);
    await Promise.all(first.map((each) => each.end()));
    const waiting = all.filter((each) => !first.includes(each));
    await until('those that waited to be served', () => waiting.every(({ heard }) => heard === 100));
    await Promise.all(waiting.map((each) => each.end()));
    await saturatedIs(0, scene);
    assert.ok(readdirSync(`/proc/${proxy.pid}/fd`).length < FEW_DESCRIPTORS);
  });
});

describe('a proxy that is out of descriptors all the same', () => {
  it('serves the connections that it has, and goes on accepting when there are some again', async (t) => {
    const scene = await serving(t, {}, { descriptors: FEW_DESCRIPTORS });
    const { proxy, replica } = scene;
    const setLimit = async (limit: number): Promise<boolean> => {
      const args = ['--pid', String(proxy.pid), `--nofile=${limit}:${FEW_DESCRIPTORS}`];
      return (await run('prlimit', args).catch(() => null))?.code === 0;
    };
    if (!(await setLimit(FEW_DESCRIPTORS)))
      return t.skip('prlimit not found, or not allowed: apt-get install util-linux');
    const old = await Promise.all(Array.from({ length: 20 }, () => scene.client()));
    await Promise.all(old.map((each) => each.exchange(100)));
    await setLimit(10);
    const late = await Promise.all(Array.from({ length: 30 }, () => scene.client()));
    for (const each of late) each.say(100);
    await proxy.line((line) => (line.includes('EMFILE') ? true : undefined), 'the shortage');
    const reports = replica.reports.length;
    for (let round = 0; round < 20 || replica.reports.length < reports + 2; round++) {
      await Promise.all(old.map((each) => each.exchange(10_000)));
    }
    assert.ok(
      late.every(({ heard, how }) => heard === 0 && how === null),
      'clients wait',
    );
    await setLimit(FEW_DESCRIPTORS);
    await until('those that waited to be served', () => late.every(({ heard }) => heard === 100));
    await Promise.all([...old, ...late].map((each) => each.end()));
    await saturatedIs(0, scene);
    assert.ok(((await pauses(proxy, 'shortage')) ?? 0) >= 1);
    assert.ok(count(proxy, 'EMFILE') <= 2, 'each worker says it once');
    assert.equal(count(proxy, FULL), 1, 'and the proxy says once that clients wait');
    proxy.signal('SIGTERM');
    assert.equal((await within('the exit', proxy.ended)).code, 0);
  });
});

const MIB = 1_048_576;

describe('--max-connections 3', () => {
  it('lets the fourth client wait, and serves it when one leaves', async (t) => {
    // One worker: each of several may be one over before it sees the others'.
    const { proxy, client } = await serving(t, { workers: '1', 'max-connections': '3' });
    const chosen = /"connection_limit":3,"limited_by":"flag"/;
    await proxy.line((line) => chosen.exec(line) ?? undefined, 'the limit and what it comes from');
    assert.equal(await readMetric(proxy.admin, 'lb_connection_limit'), 3, 'a plan does not raise it');
    const first = await Promise.all([client(), client(), client()]);
    await Promise.all(first.map((each) => each.exchange(100)));
    const fourth = await client();
    fourth.say(100);
    await proxy.line(
      (line) => (line.includes('new clients wait; raise --max-connections') ? true : undefined),
      'what to raise',
    );
    await Promise.all(first.map((each) => each.exchange(10_000)));
    assert.equal(fourth.heard, 0, 'the fourth waits');
    await first[0]?.end();
    await until('the fourth to be served', () => fourth.heard === 100);
  });
});

describe('a listener at the limit of its proxy', () => {
  for (const engine of ['epoll', 'portable'] as const) {
    it(`leaves every other listener its share, ${engine} engine`, async (t) => {
      const { replica, echo, port, stateDir } = await proxySurroundings(t);
      const flags = { engine, 'max-connections': '50' };
      const proxy = await startProxyProcess(t, [replica.address], stateDir, flags);
      const other = await freePort();
      const web = webResources(port, echo.address);
      const quiet = listener('quiet', `127.0.0.1:${other}`, 'web');
      assert.equal(await replica.answerTo(replica.publish(snapshot(1, ...web, quiet))), null);
      const hogs = await Promise.all(Array.from({ length: 80 }, () => dial(port)));
      t.after(() => {
        for (const hog of hogs) hog.destroy();
      });
      await eventually(
        async () => ((await readMetric(proxy.admin, 'lb_saturated')) === 1 ? true : undefined),
        'the limit',
      );
      // A fifth of 50, for two listeners.
      const guests = await Promise.all(Array.from({ length: 5 }, () => dial(other)));
      t.after(() => {
        for (const guest of guests) guest.destroy();
      });
      for (const guest of guests) assert.equal(await ask(guest, 'hello'), 'one:hello');
      const late = ask(hogs.at(-1) ?? assert.fail(), 'hello');
      for (const hog of hogs.slice(0, -1)) hog.destroy();
      assert.equal(await late, 'one:hello', 'those that waited are served when there is room');
    });
  }
});

describe('a proxy whose control group has little memory', () => {
  it('allows the connections that fit beside the process, and says that memory is the bound', async (t) => {
    const limitBytes = 160 * MIB;
    const group = makeMemoryGroup('equipoise-little-memory', limitBytes);
    if (group === null) return t.skip('needs root, to make a control group');
    const { replica, stateDir } = await proxySurroundings(t);
    const options = { controlGroup: group.folder };
    const proxy = await startProxyProcess(t, [replica.address], stateDir, { workers: '1' }, options);
    t.after(async () => {
      await proxy.stop();
      group.remove();
    });
    await proxy.line((line) => /"limited_by":"memory"/.exec(line) ?? undefined, 'the bound');
    const limit = (await readMetric(proxy.admin, 'lb_connection_limit')) ?? 0;
    const status = readFileSync(`/proc/${proxy.pid}/status`, 'utf8');
    const ownBytes = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) * 1_024;
    assert.ok(limit > 100, `${limit} connections of a process that takes ${ownBytes} bytes`);
    assert.ok(limit * 16_384 < limitBytes - ownBytes, `${limit} connections beside ${ownBytes} bytes`);
  });
});
