/**
 * The HTTP endpoints of a proxy: /metrics, /healthz (the process lives) and /readyz (it has applied a snapshot, and
 * is not about to stop). Bounded in connections and in time, so that nobody can hold the proxy up here.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { formatHostPort, type HostPort } from '../../core/runtime/flags.ts';
import type { ProxyMetrics } from '../telemetry/proxy-metrics.ts';

const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;

/** Why a proxy should get no new clients; empty: it should. */
export type ReadinessReasons = () => readonly string[];

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export class AdminServer {
  readonly #server: Server;

  constructor(metrics: ProxyMetrics, notReady: ReadinessReasons) {
    const routes: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
      '/metrics': async () => ({
        status: 200,
        contentType: metrics.contentType,
        body: await metrics.render(),
      }),
      '/healthz': () => json(200, { status: 'ok' }),
      '/readyz': () => {
        const reasons = notReady();
        return reasons.length === 0
          ? json(200, { status: 'ready' })
          : json(503, { status: 'not ready', reasons });
      },
    };
    this.#server = createServer((request, response) => {
      void answer(request, routes).then((given) => reply(request, response, given));
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.requestTimeout = REQUEST_TIMEOUT_MS;
    this.#server.headersTimeout = REQUEST_TIMEOUT_MS;
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
  }

  /** Returns the address with the port that was chosen. Throws when it can't be bound. */
  listen(address: HostPort): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const message = `the admin address ${formatHostPort(address)} can't be used: ${messageOf(error)}; name another with --admin-address`;
        reject(new LbError('FAILED_PRECONDITION', message, [], error));
      });
      this.#server.listen(address.port, address.host, () => {
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
}

async function answer(
  request: IncomingMessage,
  routes: Readonly<Record<string, () => Answer | Promise<Answer>>>,
): Promise<Answer> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (!route) return json(404, { error: `there is no ${path}; there are ${Object.keys(routes).join(', ')}` });
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return json(405, { error: `${request.method} is not allowed here; use GET or HEAD` });
  }
  try {
    return await route();
  } catch (error) {
    return json(500, { error: messageOf(error) });
  }
}

function reply(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body }: Answer,
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}
