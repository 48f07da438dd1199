/** etcd wiped or restored under a running fleet: nothing moves until `lbctl store adopt`, then everything does. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { freePort } from '../../harness/free-port.ts';
import { EtcdCluster, findEtcd, HOW_TO_GET_ETCD } from '../../harness/programs/etcd.ts';
import {
  answers,
  type ControlPlane,
  type Lbctl,
  lbctlFor,
  metricSum,
  type Proxy,
  startControlPlane,
  startDemoBackend,
  startProxy,
  succeed,
} from '../../harness/programs/fleet.ts';
import { eventually, temporaryFolder, type Scope } from '../../harness/programs/processes.ts';

const binary = findEtcd();

/** Two control planes on one etcd and a proxy of both, which serves through one backend. */
class Fleet {
  readonly scope: Scope;
  readonly cluster: EtcdCluster;
  readonly addresses: readonly string[];
  readonly listener: string;
  readonly planes: ControlPlane[] = [];
  proxy!: Proxy;

  static async start(t: TestContext, found: string): Promise<Fleet> {
    const cluster = await EtcdCluster.start(found, {});
    t.after(() => cluster.dispose());
    const addresses = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const fleet = new Fleet(t, cluster, addresses, `127.0.0.1:${await freePort()}`);
    for (const index of [0, 1]) await fleet.startPlane(index);
    fleet.proxy = await startProxy(t, 'edge', addresses);
    const backend = await startDemoBackend(t);
    await succeed(fleet.lbctl(0), ['create', 'pool', 'web', '--backend', backend]);
    const create = ['create', 'listener', 'web', '--address', fleet.listener, '--pool', 'web', '--wait'];
    await succeed(fleet.lbctl(0), create);
    await fleet.serves();
    return fleet;
  }

  private constructor(scope: Scope, cluster: EtcdCluster, addresses: readonly string[], listener: string) {
    this.scope = scope;
    this.cluster = cluster;
    this.addresses = addresses;
    this.listener = listener;
  }

  /** Starts a control plane (again), at its address. */
  async startPlane(index: number): Promise<void> {
    await this.planes[index]?.stop();
    const [endpoint] = this.cluster.endpoints;
    const grpcAddress = this.addresses[index] ?? assert.fail();
    this.planes[index] = await startControlPlane(this.scope, `etcd:${endpoint}`, { grpcAddress });
  }

  lbctl(index: number): Lbctl {
    return lbctlFor(this.addresses[index] ?? assert.fail());
  }

  async serves(): Promise<void> {
    await answers(`http://${this.listener}/`);
  }

  revision(): Promise<number> {
    return metricSum(this.proxy, 'lb_config_revision');
  }

  /** The words of a control plane that is not ready. */
  saysNotReady(index: number, words: RegExp): Promise<string> {
    return eventually(async () => {
      const response = await fetch(`http://${this.planes[index]?.http}/readyz`);
      const text = await response.text();
      return response.status === 503 && words.test(text) ? text : undefined;
    }, `control plane ${index} says ${words}`);
  }

  /** What the proxy says in its log. */
  async proxySays(words: RegExp): Promise<void> {
    await this.proxy.line((line) => words.test(line), `the proxy says ${words}`);
  }
}

if (binary === undefined) it('etcd is not installed', { skip: HOW_TO_GET_ETCD });
else describe('a store that is not the one it was', () => troubles(binary));

function troubles(found: string): void {
  it('wiped: nothing moves, and everything does once it was filled again and adopted', async (t) => {
    const fleet = await Fleet.start(t, found);
    const backup = await succeed(fleet.lbctl(0), ['export']);
    const revision = await fleet.revision();
    await fleet.cluster.wipe();
    await fleet.saysNotReady(0, /a different store now.*wiped or replaced.*lbctl store adopt/);
    const refused = await fleet.lbctl(0)(['create', 'pool', 'lost']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /a different store now.*nothing was written/);
    // One that has seen nothing else takes the empty store for what it is; the proxy does not.
    await fleet.startPlane(1);
    await fleet.planes[0]?.stop();
    await fleet.proxySays(/so the proxy keeps its last good configuration/);
    await fleet.serves();
    const empty = await fleet.lbctl(1)(['store', 'adopt']);
    assert.equal(empty.code, 1);
    assert.match(empty.stderr, /has no listener at revision 0, so every proxy would stop serving/);
    const file = join(temporaryFolder(t), 'all.yaml');
    writeFileSync(file, backup);
    await succeed(fleet.lbctl(1), ['apply', '-f', file]);
    assert.equal(await fleet.revision(), revision);
    assert.match(await succeed(fleet.lbctl(1), ['store', 'adopt', '--wait']), /revision 2/);
    await fleet.serves();
    await fleet.startPlane(0);
    const last = await succeed(fleet.lbctl(0), ['create', 'pool', 'more', '--wait']);
    assert.match(last, /revision 3/);
    assert.equal(await fleet.revision(), 3);
  });

  it('restored from an older backup: nothing moves, and everything does once it was adopted', async (t) => {
    const fleet = await Fleet.start(t, found);
    const file = join(temporaryFolder(t), 'etcd.db');
    await fleet.cluster.backUp(file);
    for (const name of ['late-1', 'late-2'])
      await succeed(fleet.lbctl(0), ['create', 'pool', name, '--wait']);
    assert.equal(await fleet.revision(), 4);
    await fleet.cluster.restore(file);
    for (const index of [0, 1])
      await fleet.saysNotReady(
        index,
        /went back from revision 4 to 2.*restored from a backup.*lbctl store adopt/,
      );
    await fleet.startPlane(1);
    await fleet.serves();
    assert.equal(await fleet.revision(), 4);
    // At the one that refuses the store, and the other one and the proxy follow.
    assert.match(await succeed(fleet.lbctl(0), ['store', 'adopt', '--wait']), /revision 3/);
    assert.equal(await fleet.revision(), 3);
    await fleet.serves();
    const pools = await succeed(fleet.lbctl(1), ['get', 'pools', '-o', 'name']);
    assert.equal(pools, 'pool/web\n');
    for (const index of [0, 1])
      await succeed(fleet.lbctl(index), ['create', 'pool', `again-${index}`, '--wait']);
    assert.equal(await fleet.revision(), 5);
  });
}
