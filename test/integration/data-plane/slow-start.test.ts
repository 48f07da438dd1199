/** A real proxy process with a backend that an operator takes out and enables again. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { it } from 'node:test';
import { POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import type { BackendState } from '../../../core/model/resources.ts';
import { ask, dial, startEcho } from '../../../harness/engine/tcp.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { proxySurroundings, readMetric, startProxyProcess } from '../../../harness/programs/proxy-process.ts';
import * as make from '../../../harness/snapshots.ts';

const OLD_CLIENTS = 10;
const HEALTH_CHECK = { ...POLICY_DEFAULTS.healthCheck, intervalMs: 200, timeoutMs: 200 };
const POLICY = { strategy: 'least_connections', slowStartMs: 2_000, healthCheck: HEALTH_CHECK } as const;

it('a backend that is enabled again gets a tenth of its share at first', async (t) => {
  const { echo: old, port, replica, stateDir } = await proxySurroundings(t);
  const back = await startEcho('back');
  t.after(() => back.stop());
  const proxy = await startProxyProcess(t, [replica.address], stateDir);
  const web = [
    make.policy('web', POLICY),
    make.pool('web', 'web'),
    make.listener('web', `127.0.0.1:${port}`, 'web'),
  ];
  let revision = 0;
  const publish = async (state: BackendState) => {
    const backends = [make.backend('web', old.address), make.backend('web', back.address, 1, state)];
    const nonce = replica.publish(make.snapshot(++revision, ...web, ...backends));
    assert.equal(await replica.answerTo(nonce), null);
  };
  const until = (metric: string, value: number) =>
    eventually(async () => (await readMetric(proxy.admin, metric)) === value, `${metric} ${value}`);
  const healthy = (count: number) => until('lb_pool_backends{pool="web",health="healthy"}', count);
  const clients = async (count: number) => {
    const sockets: Socket[] = [];
    let served = 0;
    for (let n = 0; n < count; n++) {
      const socket = await dial(port);
      sockets.push(socket);
      t.after(() => void socket.destroy());
      if ((await ask(socket, 'hi')) === 'back:hi') served += 1;
    }
    return { sockets, served };
  };

  await publish('disabled');
  await healthy(1);
  await clients(OLD_CLIENTS);
  // While the pool itself is young all begin with everything, and on a busy machine the time may be over too soon.
  await eventually(async () => {
    await publish('active');
    await healthy(2);
    const { served, sockets } = await clients(8);
    if (served <= 4) return true;
    for (const socket of sockets) socket.destroy();
    await until('lb_listener_connections_active{listener="web"}', OLD_CLIENTS);
    await publish('disabled');
    return false;
  }, 'it gets few of the next clients');
});
