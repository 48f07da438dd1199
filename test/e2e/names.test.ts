/** Backends by name, with a real DNS server whose answers change while clients connect. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Front } from '../../harness/configurations/front.ts';
import { NamedServer } from '../../harness/configurations/named-server.ts';
import { OWN_LOOPBACK } from '../../harness/loopback.ts';
import { Dnsmasq, type DnsmasqRecords } from '../../harness/programs/dnsmasq.ts';
import { findEtcd, HOW_TO_GET_ETCD, startEtcd } from '../../harness/programs/etcd.ts';
import {
  type ControlPlane,
  lbctlFor,
  startControlPlane,
  startProxy,
  succeed,
} from '../../harness/programs/fleet.ts';
import { eventually, temporaryFolder } from '../../harness/programs/processes.ts';
import { present } from '../../harness/programs/real-servers.ts';
import { readText } from '../../harness/source-tree.ts';

const PORT = 7_400;
const DNS_PORT = 5_311;
const NAME = 'db.trees.test';

/** Each test has a network of loopback of its own. */
class Stage {
  readonly network: string;
  readonly front: Front;
  dns!: Dnsmasq;
  readonly #t: TestContext;

  constructor(t: TestContext, number: number) {
    this.#t = t;
    this.network = `${OWN_LOOPBACK}.${number}`;
    this.front = new Front(`${this.network}.1`, PORT);
  }

  ip(host: number): string {
    return `${this.network}.${host}`;
  }

  ips(...hosts: readonly number[]): readonly string[] {
    return hosts.map((host) => this.ip(host));
  }

  async begin(records: DnsmasqRecords, servers: readonly number[]): Promise<void> {
    this.dns = await Dnsmasq.start(this.#t, this.ip(53), DNS_PORT, records);
    for (const host of servers) await NamedServer.start(this.#t, this.ip(host), PORT);
  }

  plane(store?: string): Promise<ControlPlane> {
    return startControlPlane(this.#t, store, { flags: ['--dns-server', this.dns.address] });
  }

  manifest(dns: string): string {
    return [
      'kind: Policy\nname: db\nstrategy: round_robin\nhealth_check: { type: tcp, interval: 500ms, timeout: 500ms }',
      `kind: Pool\nname: db\npolicy: db\ndns: [ ${dns} ]`,
      `kind: Listener\nname: db\naddress: "${this.ip(1)}:${PORT}"\npool: db`,
    ].join('\n---\n');
  }
}

describe('backends by name', { concurrency: true }, () => {
  it('follow the answers of a DNS server, without a failed client, a revision or a restart', async (t) => {
    if (!present(t, 'dnsmasq')) return;
    const stage = new Stage(t, 81);
    const { front } = stage;
    await stage.begin({ hosts: { [NAME]: stage.ips(11, 12) } }, [11, 12, 13]);
    const plane = await stage.plane();
    const proxy = await startProxy(t, 'names', [plane.grpc]);
    const lbctl = lbctlFor(plane.grpc);
    await succeed(lbctl, ['apply', '-f', '-', '--wait'], stage.manifest(`{ name: "${NAME}:${PORT}" }`));
    await front.servedBy(['11', '12']);
    assert.match(await succeed(lbctl, ['get', 'backends']), /\.81\.11:7400 .* dns db\.trees\.test:7400/);

    const kept = await front.open();
    let failed = 0;
    let isOver = false;
    const traffic = (async () => {
      while (!isOver) if ((await front.visit()) === 'closed') failed += 1;
    })();
    stage.dns.set({ [NAME]: stage.ips(11, 13) });
    await front.servedBy(['11', '13']);
    isOver = true;
    await traffic;
    assert.equal(failed, 0);
    assert.equal(await kept.ask(), kept.name);
    kept.close();
    assert.match(await succeed(lbctl, ['describe', 'pool', 'db']), /Revision +1\n/);

    // A name that is gone, then a DNS server that is gone, then everything started anew.
    stage.dns.set({});
    const problem = (words: RegExp) =>
      eventually(async () => words.test(await succeed(lbctl, ['describe', 'pool', 'db'])), String(words));
    await problem(/does not exist, or has no addresses/);
    await stage.dns.stop();
    await problem(/no DNS server answers|did not answer in time/);
    assert.deepEqual(await front.visitors(20), ['11', '13']);
    proxy.signal('SIGKILL');
    await proxy.ended;
    await startProxy(t, 'names-2', [plane.grpc]);
    await front.servedBy(['11', '13']);
  });

  it('have port and weight of SRV records, and serve in the order of their priorities', async (t) => {
    if (!present(t, 'dnsmasq')) return;
    const stage = new Stage(t, 82);
    const services = [
      ['_pg._tcp.trees.test', 'a.trees.test', PORT, 10, 1],
      ['_pg._tcp.trees.test', 'b.trees.test', PORT, 20, 1],
    ] as const;
    const hosts = { 'a.trees.test': stage.ips(11), 'b.trees.test': stage.ips(12) };
    await stage.begin({ hosts, services }, [12]);
    const first = await NamedServer.start(t, stage.ip(11), PORT);
    const plane = await stage.plane();
    await startProxy(t, 'srv', [plane.grpc]);
    const lbctl = lbctlFor(plane.grpc);
    await succeed(lbctl, ['apply', '-f', '-', '--wait'], stage.manifest('{ name: _pg._tcp.trees.test }'));
    await stage.front.servedBy(['11']);
    first.stop();
    await stage.front.servedBy(['12']);
  });

  it('are resolved by another control plane when the one that does is killed', async (t) => {
    const binary = findEtcd();
    if (binary === undefined) return t.skip(HOW_TO_GET_ETCD);
    if (!present(t, 'dnsmasq')) return;
    const stage = new Stage(t, 83);
    await stage.begin({ hosts: { [NAME]: stage.ips(11) } }, [11, 12]);
    const etcd = await startEtcd(binary);
    t.after(() => etcd.dispose());
    const planes = [await stage.plane(`etcd:${etcd.endpoint}`), await stage.plane(`etcd:${etcd.endpoint}`)];
    await startProxy(
      t,
      'takeover',
      planes.map(({ grpc }) => grpc),
    );
    const lbctl = lbctlFor(...planes.map(({ grpc }) => grpc));
    await succeed(lbctl, ['apply', '-f', '-', '--wait'], stage.manifest(`{ name: "${NAME}:${PORT}" }`));
    await stage.front.servedBy(['11']);
    const resolves = ({ lines }: ControlPlane) =>
      lines.some((line) => line.includes('this replica resolves'));
    const resolver = planes.find(resolves) ?? assert.fail('nobody resolves');
    assert.equal(planes.filter(resolves).length, 1);
    resolver.signal('SIGKILL');
    await resolver.ended;
    stage.dns.set({ [NAME]: stage.ips(12) });
    await stage.front.servedBy(['12']);
    assert.equal(planes.filter(resolves).length, 2);
  });

  it('are those of the manifest in docs/how-to/backends-by-name.md', async (t) => {
    if (!present(t, 'dnsmasq')) return;
    const stage = new Stage(t, 85);
    const hosts = { 'db.trees.test': stage.ips(11), 'reserve.trees.test': stage.ips(12) };
    await stage.begin({ hosts }, []);
    const primary = await NamedServer.start(t, stage.ip(11), 5_432);
    await NamedServer.start(t, stage.ip(12), 5_432);
    const plane = await stage.plane();
    await startProxy(t, 'page', [plane.grpc]);
    const [, manifest = ''] =
      /^```yaml\n([\s\S]*?)^```/m.exec(readText('docs/how-to/backends-by-name.md')) ?? [];
    const moved = manifest.replaceAll('10.0.0.', `${stage.network}.`).replaceAll('example.com', 'trees.test');
    await succeed(lbctlFor(plane.grpc), ['apply', '-f', '-', '--wait'], moved);
    const front = new Front(stage.ip(1), 5_432);
    await front.servedBy(['11']);
    primary.stop();
    await front.servedBy(['12']);
  });

  it('hold back nothing else while their DNS server is down from the start', async (t) => {
    if (!present(t, 'dnsmasq')) return;
    const stage = new Stage(t, 84);
    await stage.begin({ hosts: { [NAME]: stage.ips(11) } }, [11]);
    await stage.dns.stop();
    const plane = await stage.plane(`lmdb:${join(temporaryFolder(t), 'store')}`);
    await startProxy(t, 'down', [plane.grpc]);
    const lbctl = lbctlFor(plane.grpc);
    const apply = (text: string) => succeed(lbctl, ['apply', '-f', '-', '--wait'], text);
    await apply(stage.manifest(`{ name: "${NAME}:${PORT}" }`));
    assert.equal(await stage.front.visit(), 'closed');
    await succeed(lbctl, ['backend', 'add', 'db', `${stage.ip(11)}:${PORT}`, '--wait']);
    await stage.front.servedBy(['11']);
    const before = await succeed(lbctl, ['get', 'backends']);
    assert.match(before, /configured/);
    // The configured one wins when the name has the same address.
    await stage.dns.start();
    await eventually(
      async () => !/DNS server/.test(await succeed(lbctl, ['describe', 'pool', 'db'])),
      'an answer',
    );
    const names = await succeed(lbctl, ['get', 'backends', '-o', 'name']);
    assert.equal(names, `backend/db/${stage.ip(11)}:${PORT}\n`);
  });
});
