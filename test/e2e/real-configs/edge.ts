/** Configurations that end TLS, or say who the client is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { it } from 'node:test';
import type { Configuration } from '../../../harness/configurations/configuration.ts';
import { dialByName } from '../../../harness/configurations/tls-visit.ts';
import { dial, either, readAll } from '../../../harness/engine/tcp.ts';
import { eventually, type Scope } from '../../../harness/programs/processes.ts';

const MQTT = 'mqtt.trees.test';
const GREETING = 'SSH-2.0-test\r\n';
/** Of PROXY v2: the signature, version 2 and PROXY, TCP over IPv4, 12 bytes or more of addresses. */
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** X09 */
export const mqttTls: Configuration = {
  name: 'mqtt-tls',
  network: 9,
  port: 6901,
  declare({ scope, network, front, begin, identity }) {
    const received: string[] = [];
    begin(async () => {
      await listen(scope, `${network}.11`, 6902, async (socket) => {
        const { text } = await readAll(socket);
        received.push(text);
        socket.end(`got ${text}`);
      });
    });

    it('ends TLS with a certificate that verifies, and passes on both directions and the half-close', async () => {
      const verified = { ca: identity().ca, rejectUnauthorized: true };
      const socket = await eventually(async () => {
        const tried = await dialByName(front, MQTT, verified);
        await either(tried, 'secureConnect');
        return tried.authorized && tried;
      }, 'a verified handshake');
      socket.end('a packet');
      assert.equal((await readAll(socket)).text, 'got a packet');
    });

    it('ends a client without TLS, and the broker sees none of its bytes', async () => {
      const before = received.length;
      const client = await dial(front.port, front.host);
      client.write('GET / HTTP/1.1\r\nhost: mqtt.trees.test\r\n\r\n');
      assert.doesNotMatch((await readAll(client)).text, /got/);
      assert.equal(received.slice(before).join(''), '');
    });
  },
};

/** X12 */
export const sshRelay: Configuration = {
  name: 'ssh-relay',
  network: 12,
  port: 7201,
  declare({ scope, network, front, begin }) {
    const headers: Buffer[] = [];
    begin(() =>
      listen(scope, `${network}.11`, 7202, (socket) => {
        socket.once('data', (first) => {
          headers.push(first);
          socket.write(GREETING);
        });
      }),
    );

    it('begins with a header that has the address of the client, who says nothing before the greeting', async () => {
      const client = await dial(front.port, front.host);
      const [greeting] = (await once(client, 'data')) as [Buffer];
      assert.equal(greeting.toString(), GREETING);
      const [first = Buffer.alloc(0)] = headers;
      assert.deepEqual(first.subarray(0, 12), SIGNATURE);
      assert.equal(first.readUInt16BE(12), 0x21_11);
      const addresses = first.subarray(16);
      assert.equal(addresses.subarray(0, 4).join('.'), client.localAddress);
      assert.equal(addresses.subarray(4, 8).join('.'), front.host);
      assert.deepEqual(
        [addresses.readUInt16BE(8), addresses.readUInt16BE(10)],
        [client.localPort, front.port],
      );
      client.destroy();
    });
  },
};

async function listen(
  scope: Scope,
  host: string,
  port: number,
  serve: (socket: Socket) => unknown,
): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen({ host, port });
  await once(server, 'listening');
  scope.after(() => void server.close());
}
