/** Configurations that look at the first bytes: a server name in the TLS hello decides. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Configuration } from '../../../harness/configurations/configuration.ts';
import { CLOSED } from '../../../harness/configurations/front.ts';
import { NamedServer } from '../../../harness/configurations/named-server.ts';
import { visitByName } from '../../../harness/configurations/tls-visit.ts';
import { eventually } from '../../../harness/programs/processes.ts';

/** X07 */
export const twoNames: Configuration = {
  name: 'two-names',
  network: 7,
  port: 6701,
  declare({ scope, network, front, begin, identity }) {
    let site: NamedServer;
    begin(async () => {
      await NamedServer.start(scope, `${network}.11`, 6702, identity());
      site = await NamedServer.start(scope, `${network}.12`, 6703, identity());
    });

    it('sends one name to one server, in any case, and every other name to the other', async () => {
      await eventually(async () => (await visitByName(front, 'store.trees.test')) === '11', 'the store');
      assert.equal(await visitByName(front, 'STORE.Trees.test'), '11');
      for (const other of ['site.trees.test', 'elsewhere.test', 'x.store.trees.test', ''])
        assert.equal(await visitByName(front, other), '12', other);
    });

    it('passes on a hello whole that comes in pieces', async () => {
      assert.equal(await visitByName(front, 'store.trees.test', { inPieces: true }), '11');
    });

    it('gives a client without TLS to the default at once, and a silent one after five seconds', async () => {
      assert.equal(await front.visit(), '12');
      await site.idle();
      const sinceMs = performance.now();
      const silent = front.dial();
      await eventually(async () => site.open > 0, 'a connection of the silent client');
      assert.ok(performance.now() - sinceMs > 4_000, 'it did not wait for a hello');
      assert.equal(await silent.ask(), '12');
      silent.close();
    });
  },
};

/** X08 */
export const oneServiceTwoNames: Configuration = {
  name: 'one-service-two-names',
  network: 8,
  port: 6801,
  declare({ scope, network, front, begin, identity, names }) {
    let servers: readonly NamedServer[];
    begin(async () => {
      names.set('inner.trees.test', [`${network}.11`]);
      const hosts = [`${network}.11`, `${network}.12`];
      servers = await Promise.all(hosts.map((host) => NamedServer.start(scope, host, 6802, identity())));
    });

    it('serves both names', async () => {
      await eventually(async () => (await visitByName(front, 'fig.trees.test')) === '11', 'the first name');
      assert.equal(await visitByName(front, 'yew.trees.test'), '11');
    });

    it('ends everything else before the server sees it', async () => {
      const before = servers[0]?.served;
      for (const other of ['x.fig.trees.test', 'trees.test', '']) {
        assert.equal(await visitByName(front, other), CLOSED, other);
      }
      assert.equal(await front.visit(), CLOSED);
      assert.equal(servers[0]?.served, before);
    });

    it('follows the service to another address', async () => {
      names.set('inner.trees.test', [`${network}.12`]);
      await eventually(async () => (await visitByName(front, 'yew.trees.test')) === '12', 'the new address');
    });
  },
};
