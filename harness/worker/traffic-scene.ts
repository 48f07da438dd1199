/** Rigs, servers and clients of one test, cleared away after it. */
import type { Socket } from 'node:net';
import type { Resource } from '../../core/model/resources.ts';
import { backend, listener, pool } from '../snapshots.ts';
import { dial, freePort, startEcho, type TcpServer } from '../engine/tcp.ts';
import { type RigOptions, TrafficRig } from './traffic-rig.ts';

export class Scene {
  readonly #cleanups: (() => unknown)[] = [];

  /** Clears away, the last one first. */
  async clear(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }

  onClear(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  async rig(options: RigOptions = {}): Promise<TrafficRig> {
    const rig = await TrafficRig.start(options);
    this.onClear(() => rig.stop());
    return rig;
  }

  /** A rig with the pool `web` behind a listener. */
  async webRig(
    addresses: readonly string[],
    options: RigOptions = {},
  ): Promise<{ rig: TrafficRig; port: number }> {
    const rig = await this.rig(options);
    const port = await freePort();
    await rig.apply([pool('web'), ...addresses.map((address) => backend('web', address)), web(port)]);
    return { rig, port };
  }

  async echo(name: string, port = 0): Promise<TcpServer> {
    const server = await startEcho(name, port);
    this.onClear(() => server.stop());
    return server;
  }

  async client(port: number): Promise<Socket> {
    const socket = await dial(port);
    this.onClear(() => socket.destroy());
    return socket;
  }
}

/** The listener `web` on a port of loopback. */
export function web(port: number): Resource {
  return listener('web', `127.0.0.1:${port}`, 'web');
}
