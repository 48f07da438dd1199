/** Lists and limits of listeners, over several workers: real threads, real clients from many addresses. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { Limits, Listener, Resource } from '../../../core/model/resources.ts';
import { closedOfListener } from '../../../data-plane/memory/counters.ts';
import { freePort } from '../../../harness/free-port.ts';
import { OWN_LOOPBACK } from '../../../harness/loopback.ts';
import { backend, listener, pool } from '../../../harness/snapshots.ts';
import { until } from '../../../harness/engine/tcp.ts';
import { Scene, type TrafficRig } from '../../../harness/worker/traffic-rig.ts';

const WORKERS = 4;
const NO_LIMITS: Limits = { connections: 0, perSource: 0, rate: 0, ratePerSource: 0, dryRun: false };

const scene = new Scene();
afterEach(() => scene.clear());

interface Site {
  readonly rig: TrafficRig;
  readonly port: number;
  /** Applies the listener with these fields. */
  set(fields: Partial<Listener>): Promise<void>;
}

async function site(fields: Partial<Listener>): Promise<Site> {
  const one = await scene.echo('one');
  const rig = await scene.rig({ workers: WORKERS });
  const port = await freePort();
  const set = async (next: Partial<Listener>) => {
    const web = listener('web', `127.0.0.1:${port}`, 'web') as Resource & { kind: 'listener' };
    const changed: Resource = { kind: 'listener', value: { ...web.value, ...next } };
    assert.deepEqual(await rig.apply([pool('web'), backend('web', one.address), changed]), []);
  };
  await set(fields);
  return { rig, port, set };
}

/** The last two parts of an address of this test's own network. */
const from = (host: string) => `${OWN_LOOPBACK}.${host}`;

/** Says something from an address. Resolves with the socket once it was answered, or with null when it was reset. */
function visit(port: number, localAddress: string, hello = 'hi'): Promise<Socket | null> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  scene.onClear(() => socket.destroy());
  socket.write(hello);
  return new Promise((resolve) => {
    socket.once('data', () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}

/** How many of so many clients at once are served; they stay. */
async function served(port: number, count: number, address: (nth: number) => string): Promise<Socket[]> {
  const visits = await Promise.all(Array.from({ length: count }, (_, nth) => visit(port, address(nth))));
  return visits.filter((socket) => socket !== null);
}

async function endAll(rig: TrafficRig, sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await until('all connections to be closed', () => rig.connections === 0);
}

/** Resolves once so many were refused. A client may know before it is counted. */
async function refused(rig: TrafficRig, wanted: { readonly denied: number; readonly limited: number }) {
  await until(`to be refused: ${JSON.stringify(wanted)}`, () => {
    const { denied, limited } = closedOfListener(rig.workers, 0);
    return denied === wanted.denied && limited === wanted.limited;
  });
}

describe('lists and limits of a listener', () => {
  it('let in as many connections of a source and of the listener as they say, whichever workers they come to', async () => {
    const { port, rig } = await site({ limits: { ...NO_LIMITS, perSource: 5, connections: 12 } });
    const [first, second] = await Promise.all(
      ['0.1', '0.2'].map((host) => served(port, 40, () => from(host))),
    );
    assert.deepEqual([first?.length, second?.length], [5, 5]);
    const others = await served(port, 30, (nth) => from(`1.${nth + 1}`));
    assert.equal(others.length, 2, 'the listener has 12');
    await refused(rig, { denied: 0, limited: 70 + 28 });
    // Whoever leaves makes room.
    first?.pop()?.destroy();
    await until('it to be closed', () => rig.connections === 11);
    assert.equal((await served(port, 10, () => from('0.2'))).length, 0);
    assert.equal((await served(port, 10, () => from('0.1'))).length, 1);
  });

  it('let in new connections as fast as the rate says', async () => {
    // So slow that no token comes while this runs, however busy the machine is.
    const { port, rig, set } = await site({ limits: { ...NO_LIMITS, rate: 1 } });
    const burst = await served(port, 1, () => from('0.1'));
    assert.equal(burst.length, 1);
    await set({ limits: { ...NO_LIMITS, ratePerSource: 1_000 } });
    await endAll(rig, burst);
    const startedMs = performance.now();
    const most = await served(port, 1_500, () => from('0.3'));
    const seconds = (performance.now() - startedMs) / 1_000;
    assert.ok(most.length >= 1_000, `${most.length} of a burst of 1,000`);
    assert.ok(most.length <= 1_000 * (1 + seconds), `${most.length} in ${seconds} s`);
  });

  it('keep counting through changes of the plan, and hold nothing afterwards', async () => {
    const limits = { ...NO_LIMITS, perSource: 6 };
    const { port, rig, set } = await site({ limits });
    const clients = await served(port, 20, () => from('0.1'));
    assert.equal(clients.length, 6);
    await set({});
    const free = await served(port, 20, () => from('0.1'));
    assert.equal(free.length, 20);
    await set({ limits: { ...limits, perSource: 7 } });
    const seventh = await served(port, 20, () => from('0.1'));
    assert.equal(seventh.length, 1);
    await endAll(rig, [...clients, ...free, ...seventh]);
    assert.equal((await served(port, 20, () => from('0.1'))).length, 7);
  });

  it('get back what a dead worker held, and only that', async () => {
    const { port, rig } = await site({ limits: { ...NO_LIMITS, perSource: 20 } });
    assert.equal((await served(port, 60, () => from('0.1'))).length, 20);
    const lost = rig.workers[0]?.listenerOpen[0] ?? 0;
    assert.ok(lost < 20);
    const thread = rig.threads[0];
    await thread?.terminate();
    await until('the replacement', () => rig.threads[0] !== thread);
    await until('the loss to be counted', () => rig.connections === 20 - lost);
    assert.equal((await served(port, 60, () => from('0.1'))).length, lost);
  });

  it('refuse addresses by the longest prefix, before a backend is chosen', async () => {
    const { port, rig } = await site({ allow: [`${from('4.0')}/24`], deny: [`${from('4.128')}/25`] });
    const hosts = ['4.1', '4.127', '4.128', '4.255', '5.1'];
    const outcomes = await Promise.all(hosts.map(async (host) => (await visit(port, from(host))) !== null));
    assert.deepEqual(outcomes, [true, true, false, false, false]);
    await refused(rig, { denied: 3, limited: 0 });
  });

  it('go by the address that a PROXY header announces, and by its own where that says LOCAL', async () => {
    const { port, rig } = await site({
      acceptProxyProtocol: [`${from('6.0')}/24`],
      deny: ['10.0.0.0/8', `${from('6.9')}/32`],
      limits: { ...NO_LIMITS, perSource: 2 },
    });
    const behind = (address: string, client: string) =>
      visit(port, from(address), `PROXY TCP4 ${client} 192.0.2.1 4711 80\r\nhi`);
    const count = async (visits: Promise<Socket | null>[]) =>
      (await Promise.all(visits)).filter((socket) => socket !== null).length;
    assert.equal(await count([behind('6.1', '10.1.2.3'), behind('6.9', '10.1.2.3')]), 0);
    assert.equal(await count([behind('6.9', '192.0.2.7')]), 1, 'the balancer itself is not asked for');
    // Many clients behind one balancer, and one client behind two.
    const many = Array.from({ length: 10 }, (_, nth) => behind('6.1', `198.51.100.${nth}`));
    assert.equal(await count(many), 10);
    const one = ['6.1', '6.2', '6.1', '6.2', '6.1'].map((address) => behind(address, '203.0.113.1'));
    assert.equal(await count(one), 2);
    const local = ['6.9', '6.3'].map((address) => visit(port, from(address), 'PROXY UNKNOWN\r\nhi'));
    assert.equal(await count(local), 1);
    await refused(rig, { denied: 3, limited: 3 });
  });
});
