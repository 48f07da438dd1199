/** What lbctl says when --server leads to something else than a control plane. */
import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { it, type TestContext } from 'node:test';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { systemClock } from '../../../core/runtime/clock.ts';
import { HttpServer } from '../../../core/runtime/http-server.ts';
import { silentLogger } from '../../../core/runtime/logger.ts';
import { operationRoutes } from '../../../core/runtime/operation-routes.ts';
import { lbctlFor } from '../../../harness/programs/fleet.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

async function listening(t: TestContext, server: NetServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const adminOfProxy = (t: TestContext) => {
  const metrics = { contentType: 'text/plain', render: () => Promise.resolve('') };
  const server = new HttpServer({
    routes: operationRoutes(metrics, () => [], systemClock),
    what: 'the admin address',
    flag: '--admin-address',
    maxConnections: 8,
    logger: silentLogger,
  });
  t.after(() => server.close());
  return server.listen(LOOPBACK);
};

/** A gRPC server with other services, such as an etcd. */
const otherGrpc = (t: TestContext) =>
  new Promise<string>((resolve) => {
    const server = new Server();
    t.after(() => server.forceShutdown());
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, port) =>
      resolve(`127.0.0.1:${port}`),
    );
  });

for (const [what, start, says] of [
  [
    'the dashboard',
    async (t: TestContext) => (await runControlPlane(t)).httpAddress,
    /: this is the dashboard of a control plane; use the gRPC address .*7000/,
  ],
  ['a proxy', adminOfProxy, /: this is the admin address of a proxy; use the gRPC address/],
  [
    'a web server',
    (t: TestContext) =>
      listening(
        t,
        createHttpServer((_request, response) => response.end('welcome')),
      ),
    /: an HTTP server answers there; use the gRPC address/,
  ],
  [
    'a server that wants TLS',
    (t: TestContext) =>
      listening(
        t,
        createServer((socket) => socket.on('error', () => undefined).end()),
      ),
    /: the connection was closed before gRPC answered; another kind of server, or one that wants TLS/,
  ],
  [
    'a server that speaks first',
    (t: TestContext) =>
      listening(
        t,
        createServer((socket) => socket.on('error', () => undefined).end('220 mail\r\n')),
      ),
    /: the connection was closed before gRPC answered; another kind of server/,
  ],
  [
    'another gRPC server',
    otherGrpc,
    /what answers there is no control plane \(an etcd, for example\), or an older one/,
  ],
] as const) {
  it(`${what} is named`, async (t) => {
    const { code, stderr } = await lbctlFor(await start(t))(['--timeout', '20s', 'get', 'pools']);
    assert.notEqual(code, 0);
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /undefined|null/);
  });
}
