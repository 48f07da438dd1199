/** deploy/keepalived: two proxies on hosts of their own share an address; one stops in order, then the host of the other one dies; and no check succeeds. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Host, isRoot, Network } from '../../harness/containers/network.ts';
import { answers, lbctlFor, startControlPlane, succeed } from '../../harness/programs/fleet.ts';
import {
  built,
  CHECKOUT,
  eventually,
  flagList,
  type RunningProcess,
  temporaryFolder,
} from '../../harness/programs/processes.ts';
import { present } from '../../harness/programs/real-servers.ts';

const LISTENER_PORT = 8080;
const ADMIN_PORT = 7100;
const CONVERSATION_DEADLINE_MS = 15_000;
/** As docs/how-to/put-an-entry-in-front.md has it. */
const SHUTDOWN_DELAY = '8s';
/** Longer than a test. */
const ACCEPTS_ON = '120s';
const SHORT_CLIENTS = 6;
const LONG_CLIENTS = 6;

/** A host with a proxy and keepalived, as deploy/keepalived/install leaves it. */
class EntryHost {
  readonly host: Host;
  proxy: RunningProcess | undefined;
  #keepalived: RunningProcess | undefined;
  readonly #t: TestContext;
  readonly #stateDir: string;

  constructor(t: TestContext, host: Host) {
    this.#t = t;
    this.host = host;
    this.#stateDir = join(temporaryFolder(t), 'state');
  }

  async startProxy(controlPlane: string, shutdownDelay: string): Promise<void> {
    const flags = {
      'proxy-id': this.host.name,
      'control-plane': controlPlane,
      'admin-address': `0.0.0.0:${ADMIN_PORT}`,
      'state-dir': this.#stateDir,
      workers: '2',
      'shutdown-delay': shutdownDelay,
      'drain-timeout': '60s',
    };
    const words = [built('data-plane/main.js'), ...flagList(flags)];
    this.proxy = this.host.start(this.#t, process.execPath, words);
    await answers(`http://${this.host.address}:${ADMIN_PORT}/readyz`);
  }

  /** Obeys what the script says has to run. */
  async share(peer: Host, vip: string): Promise<void> {
    // keepalived runs no script from a folder that others may write.
    const folder = mkdtempSync('/run/equipoise-entry-');
    this.#t.after(() => rmSync(folder, { recursive: true }));
    const words = ['eth0', this.host.address, peer.address, vip, folder];
    const { code, stdout, stderr } = await this.host.run(join(CHECKOUT, 'deploy/keepalived/install'), words);
    assert.equal(code, 0, stderr);
    for (const line of stdout.trim().split('\n')) {
      const [command = '', ...args] = line.split(' ');
      // Two keepalived on one machine, as far as files go.
      const own =
        command === 'keepalived' ? ['--pid', `${folder}/pid`, '--vrrp_pid', `${folder}/vrrp-pid`] : [];
      const process = this.host.start(this.#t, command, [...args, ...own]);
      if (command === 'keepalived') this.#keepalived = process;
    }
  }

  /** Its proxy says that it is not ready, and accepts for as long as its --shutdown-delay. */
  async failCheck(): Promise<void> {
    this.proxy?.signal('SIGTERM');
    await this.#keepalived?.line(
      (line) => /Script\W+proxy\W+failed/i.exec(line) ?? undefined,
      'a failed check',
    );
  }

  /** Whether others find the address here. */
  async isActive(vip: string): Promise<boolean> {
    const { stdout } = await this.host.run('ip', ['-o', 'addr', 'show', 'dev', 'eth0']);
    return stdout.includes(` ${vip}/32 `);
  }

  /** What its proxy has accepted. */
  async accepted(): Promise<number> {
    const text = await answers(`http://${this.host.address}:${ADMIN_PORT}/metrics`);
    return Number(/^lb_listener_connections_total\{[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  /** Power is gone. */
  die(): void {
    this.host.plug(false);
    this.host.kill();
  }
}

interface Tally {
  succeeded: number;
  readonly failures: string[];
}

/** One connection: says hello, again and again until `enough`, and hears each come back. */
function converse(vip: string, enough: (answers: number) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: vip, port: LISTENER_PORT });
    let heard = 0;
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), CONVERSATION_DEADLINE_MS);
    socket.on('connect', () => socket.write('hello'));
    socket.on('data', () => {
      heard += 1;
      timer.refresh();
      if (enough(heard)) socket.end();
      else setTimeout(() => socket.write('hello'), 20);
    });
    socket.on('error', reject);
    socket.on('close', (failed) => {
      clearTimeout(timer);
      if (!failed) resolve();
    });
    socket.on('end', () => {
      if (!enough(heard)) reject(new Error('ended early'));
    });
  });
}

/** Clients that never rest: short conversations one after the other, and long ones that last until `stop`. */
function startClients(t: TestContext, vip: string): { readonly tally: Tally; stop(): Promise<Tally> } {
  const tally: Tally = { succeeded: 0, failures: [] };
  let stopped = false;
  t.after(() => void (stopped = true));
  const count = (conversation: Promise<void>) =>
    conversation.then(
      () => void (tally.succeeded += 1),
      (error: unknown) => void tally.failures.push(String(error)),
    );
  const short = async () => {
    while (!stopped) await count(converse(vip, (heard) => heard >= 2));
  };
  const all = [
    ...Array.from({ length: SHORT_CLIENTS }, short),
    ...Array.from({ length: LONG_CLIENTS }, () => count(converse(vip, () => stopped))),
  ];
  return {
    tally,
    async stop() {
      stopped = true;
      await Promise.all(all);
      return tally;
    },
  };
}

/** Says back what it hears. Answers its address. */
async function startEcho(t: TestContext, host: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    // A host that has died closes nothing.
    t.after(() => void socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => void server.close());
  return `${host}:${(server.address() as AddressInfo).port}`;
}

/** So many conversations more have succeeded since now. */
async function moreSucceed(tally: Tally, count: number): Promise<void> {
  const goal = tally.succeeded + count;
  await eventually(async () => tally.succeeded >= goal, `${count} conversations more`, 40_000);
}

/** Two hosts that share `vip`, which the first one has, in front of one backend. */
async function twoHosts(t: TestContext, network: Network, vip: string, shutdownDelay: string) {
  const backend = await startEcho(t, network.gateway);
  const { grpc } = await startControlPlane(t, undefined, {
    grpcAddress: `${network.gateway}:0`,
    flags: ['--insecure'],
  });
  const lbctl = lbctlFor(grpc);
  await succeed(lbctl, ['create', 'pool', 'web', '--backend', backend]);
  const address = `0.0.0.0:${LISTENER_PORT}`;
  await succeed(lbctl, ['create', 'listener', 'web', '--address', address, '--pool', 'web']);
  const first = new EntryHost(t, network.addHost(t));
  const second = new EntryHost(t, network.addHost(t));
  for (const each of [first, second]) await each.startProxy(grpc, shutdownDelay);
  await first.share(second.host, vip);
  await becomesActive(first, vip);
  await second.share(first.host, vip);
  return { first, second, controlPlane: grpc };
}

async function becomesActive(one: EntryHost, vip: string): Promise<void> {
  const active = async () => await one.isActive(vip);
  await eventually(active, `${one.host.name} active`, 20_000);
}

describe('two proxies that share an address', () => {
  it('lose no connection when one stops in order, and serve on when the host of the active one dies', async (t) => {
    if (!isRoot(t) || !present(t, 'keepalived', 'nft')) return;
    const network = new Network(t);
    const vip = `${network.prefix}.250`;
    const { first, second, controlPlane } = await twoHosts(t, network, vip, SHUTDOWN_DELAY);

    const clients = startClients(t, vip);
    await moreSucceed(clients.tally, 50);
    assert.equal(await second.accepted(), 0);
    first.proxy?.signal('SIGTERM');
    await becomesActive(second, vip);
    await moreSucceed(clients.tally, 200);
    assert.ok((await second.accepted()) > 0);
    assert.deepEqual((await clients.stop()).failures, []);
    assert.deepEqual(await first.proxy?.ended, { code: 0, signal: null });

    await first.startProxy(controlPlane, SHUTDOWN_DELAY);
    const others = startClients(t, vip);
    await moreSucceed(others.tally, 50);
    second.die();
    await becomesActive(first, vip);
    await moreSucceed(others.tally, 50);
    const { failures } = await others.stop();
    assert.ok(failures.length <= SHORT_CLIENTS + LONG_CLIENTS, `more than were open: ${failures.join(', ')}`);
  });

  it('keep the address on one host when the checks of both fail', async (t) => {
    if (!isRoot(t) || !present(t, 'keepalived', 'nft')) return;
    const network = new Network(t);
    const vip = `${network.prefix}.250`;
    const { first, second } = await twoHosts(t, network, vip, ACCEPTS_ON);
    const clients = startClients(t, vip);
    await moreSucceed(clients.tally, 50);

    await first.failCheck();
    await becomesActive(second, vip);
    await second.failCheck();
    await moreSucceed(clients.tally, 200);
    const active = [await first.isActive(vip), await second.isActive(vip)];
    assert.deepEqual(active, [false, true]);
    assert.deepEqual((await clients.stop()).failures, []);
  });
});
