/** A configuration that says who the client is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { it } from 'node:test';
import type { Configuration } from '../../../harness/configurations/configuration.ts';
import { dial } from '../../../harness/engine/tcp.ts';
import type { Scope } from '../../../harness/programs/processes.ts';

const GREETING = 'SSH-2.0-test\r\n';
/** Of PROXY v2: the signature, version 2 and PROXY, TCP over IPv4, 12 bytes or more of addresses. */
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

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
  serve: (socket: Socket) => void,
): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen({ host, port });
  await once(server, 'listening');
  scope.after(() => void server.close());
}
