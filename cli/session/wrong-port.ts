/** Names what listens at an address that was taken for that of a control plane: the dashboard, a proxy, another server. */
import { createConnection } from 'node:net';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { hostPort } from '../../core/runtime/flags.ts';
import { NOT_GRPC } from '../../core/wire/status.ts';

const QUESTION = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
const ANSWER_MS = 1_000;
const MAX_ANSWER_CHARS = 16_384;

/** The same error, or one that says what answers there. */
export async function explainWrongPort(error: LbError, address: string, clock: Clock): Promise<LbError> {
  if (error.message !== NOT_GRPC) return error;
  const what = whatAnswers(await answerOf(address, clock));
  return what === null ? error : new LbError(error.code, what, [], error.cause);
}

function whatAnswers(answer: string): string | null {
  const instead = 'use the gRPC address of a control plane (--grpc-address, port 7000 unless it was changed)';
  if (answer.includes('use one of /metrics, /healthz, /readyz'))
    return `this is the admin address of a proxy; ${instead}`;
  if (/^HTTP\/1.*Equipoise/s.test(answer)) return `this is the dashboard of a control plane; ${instead}`;
  return answer.startsWith('HTTP/1') ? `an HTTP server answers there; ${instead}` : null;
}

/** Empty when nothing is said in time. */
async function answerOf(address: string, clock: Clock): Promise<string> {
  const { host, port } = hostPort(address);
  const socket = createConnection({ host, port }, () => socket.write(QUESTION)).setEncoding('latin1');
  let answer = '';
  const ended = new Promise<void>((resolve) => {
    socket.on('error', () => undefined).once('close', () => resolve());
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > MAX_ANSWER_CHARS) socket.destroy();
    });
  });
  const late = new AbortController();
  await Promise.race([ended, sleep(clock, ANSWER_MS, late.signal)]);
  late.abort();
  socket.destroy();
  return answer;
}
