/**
 * Ports for what has to know its port before it starts: a listener of a configuration, a program that is started again at
 * the same address, etcd, nginx. Everything else binds port 0. Nothing can reserve a port, so each process takes from a
 * share of its own, below the ports of outgoing connections, and hands out the others before it hands one out again.
 */
import { createServer } from 'node:net';

const FIRST = 10_000;
const SHARE = 100;
const SHARES = 220;
let handedOut = 0;

export async function freePort(): Promise<number> {
  const start = FIRST + (process.pid % SHARES) * SHARE;
  for (let tries = 0; tries < SHARE; tries += 1) {
    const port = start + (handedOut++ % SHARE);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${start} to ${start + SHARE - 1}`);
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '0.0.0.0', () => probe.close(() => resolve(true)));
  });
}
