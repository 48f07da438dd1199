/** The server of a bulk transfer: writes to every connection as fast as it is read. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { SourceAnswer, SourceQuestion } from '../load/bulk-protocol.ts';
import { answerQuestions } from './answering.ts';

const BLOCK = Buffer.alloc(256 * 1_024, 'x');

function pour(socket: Socket): void {
  const more = () => {
    while (socket.writable && socket.write(BLOCK));
  };
  socket.on('drain', more).on('error', () => socket.destroy());
  socket.resume();
  more();
}

answerQuestions<SourceQuestion, SourceAnswer>(
  ({ listen }) =>
    new Promise((resolve) => {
      const server = createServer(pour);
      server.listen({ host: listen, port: 0, backlog: 511 }, () =>
        resolve({ port: (server.address() as AddressInfo).port }),
      );
    }),
);
