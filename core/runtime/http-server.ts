/**
 * The HTTP address of a program: /healthz, /readyz, /metrics and its other routes.
 * Bounded in connections, in time and in request size, so that nobody can hold the program up here.
 *
 * Invariants
 *  - an error in an answer, at whatever time, ends that answer and nothing else;
 *  - connections keep no new one out, except those that make changes: at the limit one of them is closed;
 *  - requests that are sent without waiting for answers are bounded.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { HttpConnections } from './http-connections.ts';
import { LbError, messageOf } from './errors.ts';
import { EventStream } from './event-stream.ts';
import { formatHostPort, type HostPort } from './flags.ts';
import type { Logger } from './logger.ts';

const REQUEST_TIMEOUT_MS = 5_000;
/** How often the timeouts of connections are checked: Node's own 30 seconds would add to every limit. */
const CHECK_MS = 1_000;
/** Longer than between two requests of a page, yet short, since an idle connection counts towards the limit. */
const KEEP_ALIVE_MS = 5_000;
/** After so many a client connects again, which costs little: no client can keep a connection for ever. */
const MAX_REQUESTS_PER_CONNECTION = 100;
/** No browser, probe or scraper sends a second request before it has an answer. */
const MAX_PIPELINED = 4;
/** A change of a thousand backends fits. */
const MAX_BODY_BYTES = 256 * 1_024;

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Server-sent events, for as long as the reader stays. */
export interface EventsAnswer {
  readonly events: (stream: EventStream) => void;
}

/** A request before its body is read. */
export interface HttpHead {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

export interface HttpRequest extends HttpHead {
  /** Empty for GET and HEAD. */
  readonly body: string;
}

type MaybeLater<T> = T | Promise<T>;
/** Answers GET and HEAD. */
type Read = (request: HttpRequest) => MaybeLater<HttpAnswer | EventsAnswer>;
/** Answers POST, and nothing else. */
interface Post {
  readonly post: (request: HttpRequest) => MaybeLater<HttpAnswer>;
}

/** By path. */
export type Routes = Readonly<Record<string, Read | Post>>;

/** A page loads files from and sends requests to its own address only; nobody may put it into a frame. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

export interface HttpServerOptions {
  readonly routes: Routes;
  /** Answers instead of the route, before a body is read; null: the route answers. Left out: it always does. */
  readonly guard?: (head: HttpHead) => HttpAnswer | null;
  /** The answer where there is no route. Left out: JSON that lists the routes. */
  readonly missing?: (head: HttpHead) => HttpAnswer;
  /** Such as `the admin address`, and the flag that names it: for errors. */
  readonly what: string;
  readonly flag: string;
  readonly maxConnections: number;
  readonly logger: Logger;
}

export class HttpServer {
  readonly #server: Server;
  readonly #options: HttpServerOptions;
  readonly #connections: HttpConnections<Socket>;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#connections = new HttpConnections({
      connections: options.maxConnections,
      requestsEach: MAX_REQUESTS_PER_CONNECTION,
      pipelined: MAX_PIPELINED,
    });
    this.#server = createServer({ connectionsCheckingInterval: CHECK_MS }, (request, response) => {
      void this.#serve(request, response);
    });
    // Not Node's own `maxConnections`, which refuses the newest connection, even that of a probe.
    this.#server.on('connection', (socket) => {
      socket.once('close', () => this.#connections.closed(socket));
      this.#connections.opened(socket)?.destroy();
    });
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.headersTimeout = REQUEST_TIMEOUT_MS;
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    // Browsers and probes come and go; they can connect again.
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Returns the address with the port that was chosen. Throws when it can't be bound. */
  listen(address: HostPort): Promise<string> {
    const { what, flag, logger } = this.#options;
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => {
        const message = `${what} ${formatHostPort(address)} can't be used: ${messageOf(error)}; name another with ${flag}`;
        reject(new LbError('FAILED_PRECONDITION', message, [], error));
      };
      this.#server.once('error', refuse);
      this.#server.listen(address.port, address.host, () => {
        this.#server.off('error', refuse);
        this.#server.on('error', (error) => logger.warn({ error: messageOf(error) }, 'HTTP server'));
        const { port } = this.#server.address() as AddressInfo;
        resolve(formatHostPort({ host: address.host, port }));
      });
    });
  }

  /** Cuts off every request that is under way. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers, socket } = request;
    if (socket.destroyed) return;
    const place = this.#connections.requestBegins(socket);
    if (place === 'too many') return refuseConnection(socket);
    response.once('close', () => this.#connections.requestEnds(socket));
    const [path = '/', query] = url.split('?', 2);
    if (place === 'last') response.setHeader('connection', 'close');
    try {
      const head = { method, path, query: new URLSearchParams(query), headers };
      const answer = await this.#answer(request, head);
      if (answer === null) return;
      if ('events' in answer) {
        this.#connections.eventsBegin(socket);
        response.once('close', () => this.#connections.eventsEnd(socket));
      }
      reply(request, response, answer);
    } catch (error) {
      this.#options.logger.error(
        { path, error: messageOf(error) },
        'the answer to a request failed: this is a defect',
      );
      // Half an answer can't become another one.
      if (response.headersSent) response.destroy();
      else reply(request, response, FAILED);
    }
  }

  /** Null: the client is gone. */
  async #answer(request: IncomingMessage, head: HttpHead): Promise<HttpAnswer | EventsAnswer | null> {
    const { routes, guard = () => null, missing = missingFrom(routes) } = this.#options;
    const { method, path } = head;
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) return missing(head);
    const allowed = typeof route === 'function' ? ['GET', 'HEAD'] : ['POST'];
    if (!allowed.includes(method)) return notAllowed(method, allowed);
    const refused = guard(head);
    if (refused !== null) return refused;
    if (typeof route === 'function') return route({ ...head, body: '' });
    const body = await bodyOf(request);
    if (body === 'too large') return TOO_LARGE;
    if (body === 'gone') return null;
    return this.#connections.whileChanging(request.socket, () => route.post({ ...head, body: body.text }));
  }
}

export function json(status: number, value: unknown): HttpAnswer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

const FAILED = json(500, { error: 'an internal error occurred; see the log of this program' });
const TOO_LARGE = json(413, { error: `the request is larger than ${MAX_BODY_BYTES} bytes` });

/** Thousands of requests may have been read already. Each would cost an error with its stack, so the parser is stopped. */
function refuseConnection(socket: Socket & { readonly parser?: { pause?(): void } }): void {
  socket.parser?.pause?.();
  socket.destroy();
}

function missingFrom(routes: Routes): (head: HttpHead) => HttpAnswer {
  return ({ path }) =>
    json(404, { error: `there is no ${path}; use one of ${Object.keys(routes).join(', ')}` });
}

function notAllowed(method: string, allowed: readonly string[]): HttpAnswer {
  const answer = json(405, { error: `${method} is not allowed here; use ${allowed.join(' or ')}` });
  return { ...answer, headers: { allow: allowed.join(', ') } };
}

/** `gone`: the client went away before the end, or was cut off because it took too long. */
async function bodyOf(request: IncomingMessage): Promise<{ readonly text: string } | 'too large' | 'gone'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Destroying the request would close the connection before the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) return 'too large';
      chunks.push(chunk);
    }
  } catch {
    return 'gone';
  }
  return { text: Buffer.concat(chunks).toString() };
}

function reply(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer | EventsAnswer): void {
  if ('events' in answer) {
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    if (request.method === 'HEAD') return void response.end();
    response.flushHeaders();
    return answer.events(new EventStream(response));
  }
  const { status, contentType, body, headers } = answer;
  const all = { ...HEADERS, ...headers };
  const etag = headers?.['etag'];
  if (etag !== undefined && request.headers['if-none-match'] === etag) {
    return void response.writeHead(304, all).end();
  }
  response.writeHead(status, {
    ...all,
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    // The unread rest of a request must not be taken for the next one.
    ...(!request.complete && { connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
