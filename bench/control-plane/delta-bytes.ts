/** Bytes on the wire to one proxy, in a fleet of many backends: the whole of it first, then for one changed backend. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Scope } from '../../harness/programs/processes.ts';
import { updateBackend } from '../balancers/equipoise.ts';
import { median } from '../report/statistics.ts';
import { figure } from '../report/table.ts';
import { within } from '../run-scope.ts';
import { declarePool, POOL, startPlane, startStore } from './stores.ts';
import { startSubscriber } from './subscriber.ts';

const BACKENDS = 10_000;
const CHANGES = 9;
/** Acknowledgements and window updates that follow a snapshot belong to it. */
const SETTLE_MS = 300;

export async function deltaBytes(scope: Scope): Promise<readonly (readonly string[])[]> {
  return within(scope, async (inner) => {
    const { client, grpc } = await startPlane(inner, (await startStore(inner, 'lmdb')) ?? '');
    const addresses = await declarePool(client, BACKENDS);
    const relay = await startCountingRelay(inner, grpc);
    const proxy = startSubscriber(inner, 'bench', relay.address);
    await proxy.reached(1);
    await wait(SETTLE_MS);
    const whole = relay.bytes();
    const changes: number[] = [];
    for (const address of addresses.slice(0, CHANGES)) {
      const before = relay.bytes();
      await proxy.reached(await updateBackend(client, POOL, { address, weight: 2 }));
      await wait(SETTLE_MS);
      changes.push(relay.bytes() - before);
    }
    return [
      ['backends', 'bytes at first', 'for one changed backend, median', 'max'],
      [figure(BACKENDS), figure(whole), figure(median(changes)), figure(Math.max(...changes))],
    ];
  });
}

interface CountingRelay {
  readonly address: string;
  /** From the control plane so far, HTTP/2 included. */
  readonly bytes: () => number;
}

async function startCountingRelay(scope: Scope, target: string): Promise<CountingRelay> {
  const [host = '', port = ''] = target.split(':');
  let bytes = 0;
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    far.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    for (const socket of [near, far]) socket.on('error', () => socket.destroy());
    near.pipe(far).pipe(near);
    scope.after(() => void near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => void server.close());
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, bytes: () => bytes };
}
