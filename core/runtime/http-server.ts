/**
 * The HTTP address of a program, read-only: /healthz, /readyz, /metrics and whatever else it shows.
 * Bounded in connections and in time, so that nobody can hold the program up here.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LbError, messageOf } from './errors.ts';
import { formatHostPort, type HostPort } from './flags.ts';
import type { Logger } from './logger.ts';

const REQUEST_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** By path. */
export type Routes = Readonly<Record<string, () => HttpAnswer | Promise<HttpAnswer>>>;

/** A page loads its own files and asks its own address, nothing else; nobody may put it into a frame. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

export interface HttpServerOptions {
  readonly routes: Routes;
  /** Answers in the place of a route; null: the route may answer. Left out: all may. */
  readonly guard?: (path: string, authorization: string | undefined) => HttpAnswer | null;
  /** Such as `the admin address`, and the flag that names it: for errors. */
  readonly what: string;
  readonly flag: string;
  readonly maxConnections: number;
  readonly logger: Logger;
}

export class HttpServer {
  readonly #server: Server;
  readonly #what: string;
  readonly #flag: string;
  readonly #logger: Logger;

  constructor({ routes, guard = () => null, what, flag, maxConnections, logger }: HttpServerOptions) {
    this.#what = what;
    this.#flag = flag;
    this.#logger = logger;
    this.#server = createServer((request, response) => {
      void this.#answer(request, routes, guard).then((given) => reply(request, response, given));
    });
    this.#server.maxConnections = maxConnections;
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.headersTimeout = REQUEST_TIMEOUT_MS;
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    // Browsers and probes come and go; a socket that fails is theirs to open again.
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Returns the address with the port that was chosen. Throws when it can't be bound. */
  listen(address: HostPort): Promise<string> {
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => {
        const message = `${this.#what} ${formatHostPort(address)} can't be used: ${messageOf(error)}; name another with ${this.#flag}`;
        reject(new LbError('FAILED_PRECONDITION', message, [], error));
      };
      this.#server.once('error', refuse);
      this.#server.listen(address.port, address.host, () => {
        this.#server.off('error', refuse);
        this.#server.on('error', (error) => this.#logger.warn({ error: messageOf(error) }, 'HTTP server'));
        const { port } = this.#server.address() as AddressInfo;
        resolve(formatHostPort({ host: address.host, port }));
      });
    });
  }

  /** Cuts every request that is under way. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(
    request: IncomingMessage,
    routes: Routes,
    guard: NonNullable<HttpServerOptions['guard']>,
  ): Promise<HttpAnswer> {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route)
      return json(404, { error: `there is no ${path}; there are ${Object.keys(routes).join(', ')}` });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return json(405, { error: `${request.method} is not allowed here; use GET or HEAD` });
    }
    try {
      return guard(path, request.headers.authorization) ?? (await route());
    } catch (error) {
      this.#logger.error({ path, error: messageOf(error) }, 'a page failed: this is a defect');
      return json(500, { error: 'something failed here that should not; see the log of this program' });
    }
  }
}

export function json(status: number, value: unknown): HttpAnswer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

function reply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body, headers }: HttpAnswer,
): void {
  response.writeHead(status, {
    ...HEADERS,
    ...headers,
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
