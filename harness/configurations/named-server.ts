/** Servers of a configuration on loopback addresses of its own, which come, go, refuse and fall silent when the test says so. */
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { until } from '../engine/tcp.ts';
import type { Scope } from '../programs/processes.ts';

/** How a TLS hello begins. */
const TLS_HANDSHAKE = 0x16;

/** Certificate and key in PEM. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
}

/** A server of TCP connections. To the line `who` it answers the last part of its address, such as `11`. */
export class NamedServer {
  readonly name: string;
  /** Connections that said something, ever. */
  served = 0;
  /** Connections that were accepted, ever; a check that hangs up before that is none. */
  accepted = 0;
  readonly host: string;
  readonly #port: number;
  readonly #context: SecureContext | undefined;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  private constructor(host: string, port: number, identity: ServerIdentity | undefined) {
    this.host = host;
    this.#port = port;
    this.#context = identity && createSecureContext(identity);
    this.name = host.slice(host.lastIndexOf('.') + 1);
  }

  /** With an identity it serves clients that begin with a TLS hello, too. */
  static async start(
    scope: Scope,
    host: string,
    port: number,
    identity?: ServerIdentity,
  ): Promise<NamedServer> {
    const server = new NamedServer(host, port, identity);
    scope.after(() => server.stop());
    await server.listen();
    return server;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Waits until no connection is open. */
  idle(): Promise<void> {
    return until(`no open connection at ${this.host}`, () => this.#sockets.size === 0);
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server.listen({ host: this.host, port: this.#port, backlog: 1_024 });
    await once(server, 'listening');
  }

  /** Refuses new connections and keeps the open ones. */
  refuse(): void {
    this.#server?.close();
    this.#server = null;
  }

  /** Refuses new connections and ends the open ones. */
  stop(): void {
    this.refuse();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.accepted += 1;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    const secureContext = this.#context;
    if (!secureContext) return this.#answer(socket);
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const isTls = first[0] === TLS_HANDSHAKE;
      this.#answer(isTls ? new TLSSocket(socket, { isServer: true, secureContext }) : socket);
    });
  }

  #answer(socket: Socket): void {
    let isNew = true;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      if (isNew) this.served += 1;
      isNew = false;
      if (chunk.toString().includes('who\n')) socket.write(`${this.name}\n`);
    });
    socket.resume();
  }
}

/** These servers on one port, whose addresses are PREFIX.11 and up. */
export function startNamedServers(
  scope: Scope,
  prefix: string,
  port: number,
  count: number,
): Promise<readonly NamedServer[]> {
  const hosts = Array.from({ length: count }, (_, index) => `${prefix}.${11 + index}`);
  return Promise.all(hosts.map((host) => NamedServer.start(scope, host, port)));
}

/** A page of HTTP or HTTPS that answers every request with a status and its name. */
export class StatusPage {
  status: number;
  /** The request lines and hosts that came, such as `GET /ready`. */
  readonly requests: string[] = [];
  readonly #server: HttpServer | HttpsServer;

  constructor(scope: Scope, host: string, port: number, status: number, identity?: ServerIdentity) {
    this.status = status;
    const name = host.slice(host.lastIndexOf('.') + 1);
    const answer: RequestListener = (request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      response.writeHead(this.status, { 'content-type': 'text/plain' }).end(`${name}\n`);
    };
    const server = identity ? createHttpsServer(identity, answer) : createHttpServer(answer);
    server.listen({ host, port });
    server.on('tlsClientError', () => undefined);
    this.#server = server;
    scope.after(() => void this.stop());
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
