/** The client of a bulk transfer: reads from its connections and counts. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SinkAnswer, SinkQuestion } from '../load/bulk-protocol.ts';
import { answerQuestions } from './answering.ts';

/** All streams read into it: nobody looks at the bytes. */
const BUFFER = Buffer.alloc(256 * 1_024);
const sockets = new Set<Socket>();
let bytes = 0;

function open(host: string, port: number, tls = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const onread = {
      buffer: BUFFER,
      callback: (count: number) => {
        bytes += count;
        return true;
      },
    };
    const socket = tls
      ? connectTls({ host, port, rejectUnauthorized: false }, resolve).on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        })
      : connect({ host, port, onread }, resolve);
    sockets.add(socket);
    socket.once('error', reject).once('close', () => sockets.delete(socket));
  });
}

answerQuestions<SinkQuestion, SinkAnswer>(async (question) => {
  if (question.do === 'connect') {
    const { host, port, streams, tls } = question;
    await Promise.all(Array.from({ length: streams }, () => open(host, port, tls)));
  }
  if (question.do === 'close') for (const socket of sockets) socket.destroy();
  return { bytes, open: sockets.size };
});
