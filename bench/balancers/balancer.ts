/** A load balancer under test, whoever wrote it. */
import { createConnection } from 'node:net';
import { eventually, type Scope } from '../../harness/programs/processes.ts';
import type { Cpus } from '../pinning.ts';

export interface Balancer {
  readonly name: string;
  /** The process whose CPU and memory count. */
  readonly pid: number;
  /** HOST:PORT where clients connect. */
  readonly address: string;
}

export interface Surroundings {
  readonly cpus: Cpus;
  /** HOST:PORT each. */
  readonly backends: readonly string[];
  /** How many connections it must be able to hold. */
  readonly connections: number;
}

export interface BalancerKind {
  readonly name: string;
  start(scope: Scope, around: Surroundings): Promise<Balancer>;
}

/** Waits until somebody accepts connections there. */
export async function accepts(address: string): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  await eventually(
    () =>
      new Promise<true>((resolve, reject) => {
        const socket = createConnection({ host, port: Number(port) }, () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', reject);
      }),
    `${address} accepting connections`,
  );
}
