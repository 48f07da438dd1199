/** gRPC below any client library: what a caller with bad intentions sends over HTTP/2. */
import { connect as dial, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { Scope } from '../programs/processes.ts';

/** One connection, with everything that can fail on it ignored. */
export function rawSession(scope: Scope, address: string): ClientHttp2Session {
  const session = dial(`http://${address}`, { settings: { enablePush: false } });
  session.on('error', () => undefined);
  scope.after(() => session.destroy());
  return session;
}

export function connected(session: ClientHttp2Session): Promise<ClientHttp2Session> {
  return new Promise((resolve) => session.once('remoteSettings', () => resolve(session)));
}

export interface RawAnswer {
  /** `grpc-status`; null: the stream ended without one. */
  readonly status: string | null;
  readonly rstCode: number;
}

/** Opens a stream and leaves it open. */
export function openCall(
  session: ClientHttp2Session,
  path: string,
  headers: Record<string, string> = {},
): { readonly stream: ClientHttp2Stream; readonly ended: Promise<RawAnswer> } {
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    },
    { endStream: false },
  );
  stream.on('error', () => undefined);
  let status: string | null = null;
  const read = (values: Record<string, unknown>) => {
    const { 'grpc-status': found } = values;
    if (typeof found === 'string' || typeof found === 'number') status = String(found);
  };
  stream.on('response', read).on('trailers', read);
  stream.resume();
  const ended = new Promise<RawAnswer>((resolve) =>
    stream.once('close', () => resolve({ status, rstCode: stream.rstCode })),
  );
  return { stream, ended };
}

/** The length before a message, and the message. */
export function framed(message: Buffer, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** A HealthCheckRequest or anything else whose first field is a text. */
export function textRequest(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  return framed(Buffer.concat([Buffer.from([0x0a, ...length]), bytes]));
}
