/** Configurations with a server in reserve. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Configuration } from '../../../harness/configurations/configuration.ts';
import { type NamedServer, startNamedServers } from '../../../harness/configurations/named-server.ts';

/** X05 */
export const kubernetesBootstrap: Configuration = {
  name: 'kubernetes-bootstrap',
  network: 5,
  port: 6501,
  declare({ scope, network, front, begin, names }) {
    let servers: readonly NamedServer[];
    begin(async () => {
      servers = await startNamedServers(scope, network, 6502, 4);
      for (const [index, name] of ['oak', 'elm', 'ash', 'seed'].entries())
        names.set(`${name}.trees.test`, [`${network}.${11 + index}`]);
    });

    it('uses the reserve only while the three others are all down', async () => {
      await front.servedBy(['11', '12', '13']);
      servers[0]?.stop();
      servers[1]?.stop();
      await front.servedBy(['13']);
      servers[2]?.stop();
      await front.servedBy(['14']);
      await servers[1]?.listen();
      await front.servedBy(['12']);
    });

    it('goes on as before when the name of the reserve is gone', async () => {
      await names.remove('seed.trees.test');
      await front.servedBy(['12']);
    });
  },
};

/** X11 */
export const mysqlReserve: Configuration = {
  name: 'mysql-reserve',
  network: 11,
  port: 7101,
  declare({ scope, network, front, begin }) {
    let servers: readonly NamedServer[];
    begin(async () => void (servers = await startNamedServers(scope, network, 7102, 2)));

    it('gives the reserve nothing before an outage, everything during it, and nothing new after it', async () => {
      await front.servedBy(['11']);
      const [active, reserve] = servers;
      assert.ok(active && reserve);
      assert.equal(reserve.served, 0);
      active.stop();
      await front.servedBy(['12']);
      const kept = await front.open();
      await active.listen();
      await front.servedBy(['11']);
      assert.deepEqual(await front.visitors(100), ['11']);
      assert.equal(await kept.ask(), '12');
      kept.close();
    });
  },
};
