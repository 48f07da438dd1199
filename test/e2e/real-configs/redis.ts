/** A Redis says by itself whether it is the master. */
import { createServer, type Socket } from 'node:net';
import { it } from 'node:test';
import type { Configuration } from '../../../harness/configurations/configuration.ts';
import { CLOSED } from '../../../harness/configurations/front.ts';
import type { Scope } from '../../../harness/programs/processes.ts';

/** How a Redis of the test answers. */
type Role = 'master' | 'slave' | 'silent';

/** A server that speaks enough of Redis for the check, and tells clients its name. Answers come in pieces. */
class RedisLike {
  role: Role = 'slave';

  constructor(scope: Scope, host: string) {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => void this.#answer(socket, chunk.toString(), host));
    });
    server.listen({ host, port: 6202 });
    scope.after(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
  }

  async #answer(socket: Socket, text: string, host: string): Promise<void> {
    if (text.startsWith('who')) return void socket.write(`${host.split('.').at(-1)}\n`);
    if (this.role === 'silent') return;
    if (text.includes('PING')) socket.write('+PO');
    if (text.includes('PING')) await sayLater(socket, 'NG\r\n');
    if (text.includes('info')) socket.write(`$200\r\n# Replication\r\nrole:${this.role.slice(0, 3)}`);
    if (text.includes('info')) await sayLater(socket, `${this.role.slice(3)}\r\nconnected_slaves:2\r\n`);
    if (text.includes('QUIT')) socket.end('+OK\r\n');
  }
}

/** In a segment of its own. */
async function sayLater(socket: Socket, text: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.write(text);
}

/** X02 */
export const redisMaster: Configuration = {
  name: 'redis-master',
  network: 2,
  port: 6201,
  declare({ scope, network, front, begin }) {
    let servers: readonly RedisLike[];
    const roles = (...wanted: readonly Role[]) =>
      wanted.forEach((role, index) => {
        const server = servers[index];
        if (server !== undefined) server.role = role;
      });
    begin(async () => {
      servers = ['11', '12', '13'].map((host) => new RedisLike(scope, `${network}.${host}`));
      roles('slave', 'master', 'silent');
    });

    it('takes connections to the master alone, whose answers come in pieces', () => front.servedBy(['12']));

    it('closes every connection without a master', async () => {
      roles('slave', 'slave', 'silent');
      await front.servedBy([CLOSED]);
    });

    it('takes a master that falls silent for one that is down', async () => {
      roles('master', 'slave', 'slave');
      await front.servedBy(['11']);
      roles('silent', 'slave', 'slave');
      await front.servedBy([CLOSED]);
    });
  },
};
