/**
 * Checks by an HTTP/1.1 request: the status must be one of those wanted, and a text must be in the beginning of the body
 * where one is wanted. A redirect is a status like any other; interim answers are skipped.
 */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { readStatus } from '../../core/model/policy/check-text.ts';
import type { HttpCheck } from '../../core/model/resources.ts';
import { formatHostPort } from '../../core/runtime/flags.ts';
import type { CheckResult, CheckTarget } from './checker.ts';
import { type ConnectionCheck, MAX_JUDGED, readable, shortened } from './connection-check.ts';

/** Headers and a judged body take less, in whatever pieces they come: a server that sends more might send for ever. */
const MAX_RECEIVED = 8 * MAX_JUDGED;

/** For `http` and `https`, which differ in the connection alone. */
export function ask(socket: Socket, check: ConnectionCheck, target: CheckTarget, http: HttpCheck): void {
  const name = `${http.method} :${target.port}${shortened(http.path)}`;
  const judge = judgeOf(http, name);
  check.awaited = `the answer to ${name}`;
  const request = httpRequest({
    createConnection: () => socket,
    method: http.method,
    path: http.path,
    // Without an agent the connection is for this request alone, and the header "Connection: close" says so.
    headers: { host: http.host || formatHostPort(target) },
    maxHeaderSize: MAX_JUDGED,
  });
  socket.on('data', () => {
    if (socket.bytesRead <= MAX_RECEIVED) return;
    check.fail(`the server sent more than ${MAX_RECEIVED / 1024} KB before ${check.awaited}`);
  });
  request.on('response', (response) => {
    check.awaited = `the end of the ${response.statusCode} answer to ${name}`;
    readBody(response, check, judge);
  });
  request.on('upgrade', () => check.fail(`${name} answered 101`));
  request.on('error', (error: Error & { code?: string }) => {
    if (error.code?.startsWith('HPE_') !== true) return check.broke(error);
    check.fail(`the answer to ${name} ${whatIsInvalid(error)}`);
  });
  request.end();
}

/** The parser's own words assume that its reader knows the parser. */
function whatIsInvalid({ code, message }: Error & { code?: string }): string {
  if (code === 'HPE_HEADER_OVERFLOW') return `has more than ${MAX_JUDGED / 1024} KB of headers`;
  const words = message.replace('Parse Error: ', '');
  return words.startsWith('Expected HTTP/') ? 'is not HTTP' : `is not valid HTTP: ${words}`;
}

type Judge = (status: number, body: string) => CheckResult;

/** Throws when the check itself can't be read. */
function judgeOf(http: HttpCheck, name: string): Judge {
  const ranges = http.status.map((text) => readable(readStatus(text)));
  const wanted = Buffer.from(http.body).toString('latin1');
  return (status, body) => {
    if (!ranges.some(({ from, to }) => from <= status && status <= to))
      return { type: 'failed', reason: `${name} answered ${status}` };
    if (body.slice(0, MAX_JUDGED).includes(wanted)) return { type: 'passed' };
    const bytes = Math.min(body.length, MAX_JUDGED);
    const where = bytes === 0 ? ': the body is empty' : ` in the first ${bytes} bytes`;
    const reason = `${name} answered ${status} with no "${shortened(http.body)}"${where}`;
    return { type: 'failed', reason };
  };
}

function readBody(response: IncomingMessage, check: ConnectionCheck, judge: Judge): void {
  const { statusCode = 0 } = response;
  let body = '';
  response.setEncoding('latin1');
  response.on('data', (chunk: string) => {
    body += chunk;
    if (body.length >= MAX_JUDGED) check.finish(judge(statusCode, body));
  });
  response.on('end', () => check.finish(judge(statusCode, body)));
  response.on('error', (error) => check.broke(error));
}
