/** An address on loopback where connects hang: nobody accepts, and the queue of the listening socket is full. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Linux queues one connection more than the backlog says, and then drops what comes. */
const BACKLOG = 1;

const LISTEN_AND_FREEZE = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer().listen(0, '127.0.0.1', ${BACKLOG}, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;

export interface SilentServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function silentServer(): Promise<SilentServer> {
  const worker = new Worker(LISTEN_AND_FREEZE, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const host = '127.0.0.1';
  const waiting: Socket[] = [];
  for (let n = 0; n <= BACKLOG; n++) {
    const socket = connect({ host, port });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    waiting.push(socket);
  }
  return {
    host,
    port,
    async close() {
      for (const socket of waiting) socket.destroy();
      await worker.terminate();
    },
  };
}
