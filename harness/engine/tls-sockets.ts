/** TLS over the sockets of a test. What it is secured with is made once. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { makeCertificates } from '../programs/certificates.ts';
import { within } from './tcp.ts';

interface Pair {
  readonly chainPem: string;
  readonly keyPem: string;
}

let made: Pair | null = null;

export function ownPair(): Pair {
  if (made) return made;
  const folder = mkdtempSync(join(tmpdir(), 'tls-sockets-'));
  const { server } = makeCertificates(folder);
  made = { chainPem: readFileSync(server.cert, 'utf8'), keyPem: readFileSync(server.key, 'utf8') };
  rmSync(folder, { recursive: true });
  return made;
}

export async function secureClient(socket: Socket): Promise<Socket> {
  const secured = connect({ socket, rejectUnauthorized: false, allowHalfOpen: true } as never);
  return ready(secured, socket, 'secureConnect');
}

export async function secureServer(socket: Socket): Promise<Socket> {
  const { chainPem: cert, keyPem: key } = ownPair();
  const options = { isServer: true, secureContext: createSecureContext({ cert, key }), allowHalfOpen: true };
  return ready(new TLSSocket(socket, options), socket, 'secure');
}

async function ready(secured: TLSSocket, below: Socket, event: string): Promise<Socket> {
  secured.on('error', () => {});
  secured.pause();
  await within('TLS', once(secured, event));
  // A socket of TLS has no reset of its own.
  secured.resetAndDestroy = () => {
    below.resetAndDestroy();
    return secured;
  };
  return secured;
}
