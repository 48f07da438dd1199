/** The server of many quiet connections: says every byte back. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { EchoAnswer, EchoQuestion } from '../load/idle-protocol.ts';
import { answerQuestions } from './answering.ts';

function echo(socket: Socket): void {
  socket.on('data', (bytes) => socket.write(bytes)).on('error', () => socket.destroy());
}

function listen(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer(echo);
    server.once('error', reject);
    server.listen({ host, port, backlog: 4_096 }, () => resolve((server.address() as AddressInfo).port));
  });
}

answerQuestions<EchoQuestion, EchoAnswer>(async ({ listen: hosts }) => {
  let port = 0;
  for (const host of hosts) port = await listen(host, port);
  return { port };
});
