/** The servers of a fleet that is checked: `checked-servers.js CERTIFICATE KEY` prints their ports (see checked-fleet.ts). */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { RawListener } from '../../harness/engine/raw-socket.ts';
import { dial } from '../../harness/engine/tcp.ts';

const [cert = '', key = ''] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'));
const EVERYWHERE = Uint8Array.of(0, 0, 0, 0);
const quiet = (socket: Socket) => socket.on('error', () => undefined);

async function portOf(server: Server): Promise<number> {
  server.on('tlsClientError', () => undefined).listen(0, '0.0.0.0', 4_096);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

// Linux queues one connection more than the backlog says, and then drops further ones.
const silent = new RawListener(0, 0, EVERYWHERE);
quiet(await dial(silent.port));
const ports = {
  tcp: await portOf(createServer((socket) => quiet(socket).destroy())),
  tls: await portOf(createTls({ cert, key }, (socket) => quiet(socket).resume())),
  http: await portOf(createHttp((_request, response) => response.end('ok'))),
  https: await portOf(createHttps({ cert, key }, (_request, response) => response.end('ok'))),
  script: await portOf(createServer((socket) => quiet(socket).on('data', () => socket.write('+PONG\r\n')))),
  silent: silent.port,
};
console.log(JSON.stringify(ports));
