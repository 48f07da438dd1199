/** Configurations in which all servers are alike: shares, affinity and idle connections. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Configuration, Stage } from '../../../harness/configurations/configuration.ts';
import { CLOSED, type Front } from '../../../harness/configurations/front.ts';
import { type NamedServer, startNamedServers } from '../../../harness/configurations/named-server.ts';
import { eventually } from '../../../harness/programs/processes.ts';

const CONNECTIONS = 1_000;
/** Five points, as a share. */
const TOLERANCE = 0.05;

/** Waits until new connections are spread so: the first checks of a pool do not all pass at the same moment. */
async function settlesAt(front: Front, wanted: Readonly<Record<string, number>>): Promise<void> {
  let last: Readonly<Record<string, number>> = {};
  const isAsWanted = async () => {
    last = await front.shares(CONNECTIONS);
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(last)])];
    return names.every((name) => Math.abs((last[name] ?? 0) - (wanted[name] ?? 0)) < TOLERANCE);
  };
  await eventually(isAsWanted, 'the shares').catch(() => assert.deepEqual(last, wanted));
}

/** X10 */
export const sqlNodes: Configuration = {
  name: 'sql-nodes',
  network: 10,
  port: 7001,
  declare({ scope, network, front, begin, names }) {
    const third = 1 / 3;
    begin(async () => {
      await startNamedServers(scope, network, 7002, 4);
      for (const node of [1, 2, 3]) names.set(`s${node}.trees.test`, [`${network}.1${node}`]);
    });

    it('gives each node a third', async () => {
      await settlesAt(front, { 11: third, 12: third, 13: third });
    });

    it('follows a node to another address, and keeps what is open at the old one', async () => {
      const kept = await eventually(async () => {
        const client = await front.open();
        if (client.name === '12') return client;
        client.close();
        return undefined;
      }, 'a connection to the second node');
      names.set('s2.trees.test', [`${network}.14`]);
      await settlesAt(front, { 11: third, 14: third, 13: third });
      assert.equal(await kept.ask(), '12');
      kept.close();
    });

    it('keeps the last address of a name that stops resolving', async () => {
      await names.remove('s2.trees.test');
      await settlesAt(front, { 11: third, 14: third, 13: third });
    });
  },
};

/** X13 */
export const etcdWeights: Configuration = {
  name: 'etcd-weights',
  network: 13,
  port: 7301,
  declare({ scope, network, front, begin }) {
    let servers: readonly NamedServer[];
    begin(async () => void (servers = await startNamedServers(scope, network, 7302, 3)));

    it('spreads connections by weight', async () => {
      await settlesAt(front, { 11: 0.048, 12: 0.476, 13: 0.476 });
    });

    it('spreads them over the rest when one is down, and no client notices', async () => {
      servers[1]?.stop();
      assert.deepEqual(await front.visitors(CONNECTIONS), ['11', '13']);
      await settlesAt(front, { 11: 0.09, 13: 0.91 });
    });
  },
};

/** Every client has its server; when one is down, its clients alone move, and they return. */
function keepsClientsTogether({ network, front }: Stage, servers: () => readonly NamedServer[]): void {
  const clients = Array.from({ length: 60 }, (_, index) => `${network}.${100 + index}`);
  const served = () => Promise.all(clients.map((client) => front.visit(client)));

  it('takes each client to one server, and to another one only while that is down', async () => {
    const before = await eventually(async () => {
      const names = await served();
      return new Set(names).size === servers().length && !names.includes(CLOSED) && names;
    }, 'clients on all of them');
    assert.deepEqual(await served(), before);

    const second = servers()[1];
    second?.stop();
    const during = await served();
    assert.ok(!during.includes('12') && !during.includes(CLOSED), during.join());
    const moved = before.filter((name, index) => name !== during[index]);
    assert.deepEqual(new Set(moved), new Set(['12']));

    await second?.listen();
    await eventually(async () => (await served()).join() === before.join(), 'everybody back');
  });
}

/** X06 */
export const ingressBySource: Configuration = {
  name: 'ingress-by-source',
  network: 6,
  port: 6601,
  declare(stage) {
    const { scope, network, begin, names } = stage;
    let servers: readonly NamedServer[] = [];
    begin(async () => {
      servers = await startNamedServers(scope, network, 6602, 4);
      for (const [index, { host }] of servers.entries()) names.set(`w${index + 1}.trees.test`, [host]);
    });
    keepsClientsTogether(stage, () => servers);
  },
};

/** X14 */
export const postgresBySource: Configuration = {
  name: 'postgres-by-source',
  network: 14,
  port: 7401,
  declare(stage) {
    const { scope, network, front, begin, silenceMs } = stage;
    let servers: readonly NamedServer[] = [];
    begin(async () => void (servers = await startNamedServers(scope, network, 7402, 3)));
    keepsClientsTogether(stage, () => servers);

    it('keeps a connection that is silent', async () => {
      const client = await front.open();
      await new Promise((resolve) => setTimeout(resolve, silenceMs));
      assert.equal(await client.ask(), client.name);
      client.close();
    });
  },
};

/** X15 */
export const rabbitmqIdle: Configuration = {
  name: 'rabbitmq-idle',
  network: 15,
  port: 7501,
  declare({ scope, network, front, begin }) {
    begin(async () => void (await startNamedServers(scope, network, 7502, 2)));

    it('ends a connection after 15 s of silence, and keeps one that says a byte every 10 s', async () => {
      await front.servedBy(['11', '12']);
      const [silent, speaking] = [await front.open(), await front.open()];
      const sinceMs = performance.now();
      const end = silent.ended.then(() => performance.now() - sinceMs);

      let saidMs = performance.now();
      let longestMs = 0;
      for (let said = 0; said < 2; said += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10_000));
        longestMs = Math.max(longestMs, performance.now() - saidMs);
        speaking.sayNothingMuch();
        saidMs = performance.now();
      }
      // A machine so busy that this process said nothing for as long as the time-out has proved nothing.
      if (longestMs < 14_000) assert.equal(await speaking.ask(), speaking.name);
      speaking.close();
      assert.ok((await end) > 14_000, 'ended too soon');
    });
  },
};
