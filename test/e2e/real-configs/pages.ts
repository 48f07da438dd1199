/** Configurations in which a page of each server says whether it may serve. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Configuration } from '../../../harness/configurations/configuration.ts';
import { CLOSED, Front } from '../../../harness/configurations/front.ts';
import {
  type NamedServer,
  StatusPage,
  startNamedServers,
} from '../../../harness/configurations/named-server.ts';
import { within } from '../../../harness/engine/tcp.ts';

/** X01 */
export const postgresWriter: Configuration = {
  name: 'postgres-writer',
  network: 1,
  port: 6101,
  declare({ scope, network, front, begin }) {
    let servers: readonly NamedServer[];
    let agents: readonly StatusPage[];
    begin(async () => {
      servers = await startNamedServers(scope, network, 6102, 3);
      agents = servers.map(({ host }) => new StatusPage(scope, host, 6103, 503));
      setWriter(0);
    });
    const setWriter = (writer: number) =>
      agents.forEach((agent, index) => {
        agent.status = index === writer ? 200 : 503;
      });
    /**
     * How many connections came to each server, and one of its own: a server accepts them in their order, and clients
     * that the proxy has reset may see that first.
     */
    const arrived = async () => {
      await Promise.all(servers.map(({ host }) => new Front(host, 6102).visit()));
      return servers.map(({ accepted }) => accepted);
    };

    it('takes every connection to the one whose agent says 200', async () => {
      await front.servedBy(['11']);
      assert.ok(agents[0]?.requests.every((request) => request === 'GET /rw'));
    });

    it('follows when another one says so, and ends what was open to the old one on both sides', async () => {
      const old = await front.open();
      setWriter(1);
      await front.servedBy(['12']);
      await within('the end of the old connection', old.ended);
      await within('its end at the server', servers[0]?.idle() ?? Promise.resolve());
    });

    it('closes every connection when none says so, although all three accept', async () => {
      setWriter(-1);
      await front.servedBy([CLOSED]);
      const before = await arrived();
      assert.deepEqual(await front.visitors(100), [CLOSED]);
      assert.deepEqual(
        await arrived(),
        before.map((count) => count + 1),
      );
    });

    it('serves again as soon as one says so', async () => {
      setWriter(2);
      await front.servedBy(['13']);
    });
  },
};

/** X03 */
export const sqlReadiness: Configuration = {
  name: 'sql-readiness',
  network: 3,
  port: 6301,
  declare({ scope, network, front, begin }) {
    let servers: readonly NamedServer[];
    let pages: readonly StatusPage[];
    begin(async () => {
      servers = await startNamedServers(scope, network, 6302, 3);
      pages = servers.map(({ host }) => new StatusPage(scope, host, 6303, 200));
    });

    it('takes a node that is not ready out, keeps its open connections, and brings it back', async () => {
      const [page] = pages;
      assert.ok(page);
      await front.servedBy(['11', '12', '13']);
      const clients = await Promise.all(Array.from({ length: 20 }, () => front.open()));
      const own = clients.find(({ name }) => name === '11');
      page.status = 503;
      await front.servedBy(['12', '13']);
      assert.equal(await own?.ask(), '11');
      page.status = 302;
      await front.servedBy(['11', '12', '13']);
      for (const client of clients) client.close();
      assert.equal(page.requests[0], 'GET /ready?now=1');
    });

    it('hides from clients that a port is closed whose page says 200', async () => {
      servers[1]?.refuse();
      assert.deepEqual(await front.visitors(500), ['11', '13']);
      await servers[1]?.listen();
      await front.servedBy(['11', '12', '13']);
    });
  },
};
