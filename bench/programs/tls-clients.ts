/** Clients that connect with TLS, one connection after the other, each with a request and its answer. */
import { connect, type TLSSocket } from 'node:tls';
import type { HandshakesAnswer, HandshakesQuestion } from '../load/handshakes-protocol.ts';
import { answerQuestions } from './answering.ts';

const counts = { connections: 0, resumed: 0, failed: 0 };
let isRunning = false;
let lanes: Promise<void>[] = [];

async function lane({
  host,
  port,
  path,
  resume,
}: Extract<HandshakesQuestion, { do: 'start' }>): Promise<void> {
  let session: Buffer | undefined;
  while (isRunning) {
    const socket = connect({ host, port, rejectUnauthorized: false, ...(resume && session && { session }) });
    socket.on('session', (given) => (session = given));
    await exchange(socket, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  }
}

function exchange(socket: TLSSocket, request: string): Promise<void> {
  return new Promise((resolve) => {
    socket.once('secureConnect', () => {
      counts.connections += 1;
      if (socket.isSessionReused()) counts.resumed += 1;
      socket.write(request);
    });
    socket.once('error', () => (counts.failed += 1));
    socket.resume().once('close', () => resolve());
  });
}

answerQuestions<HandshakesQuestion, HandshakesAnswer>(async (question) => {
  if (question.do === 'start') {
    isRunning = true;
    lanes = Array.from({ length: question.lanes }, () => lane(question));
  }
  if (question.do === 'stop') {
    isRunning = false;
    await Promise.all(lanes);
  }
  return { ...counts };
});
