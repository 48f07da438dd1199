/** Clients and servers of a test, on loopback. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Scope } from './processes.ts';

export interface EchoServer {
  readonly address: string;
  /** Open connections. */
  readonly sockets: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

/** Greets with its name and a line feed, then echoes, until the test ends. */
export async function startEchoServer(scope: Scope, name: string): Promise<EchoServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.write(`${name}\n`);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    if (!server.listening) return;
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  };
  scope.after(stop);
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, stop };
}

export interface Client {
  readonly socket: Socket;
  /** Everything received so far. */
  readonly received: () => string;
  /** Resolves with the text received once it contains `text`. */
  until(text: string): Promise<string>;
  /** Resolves when the connection is closed: true when by a reset. */
  readonly closed: Promise<boolean>;
}

/** Connects, or rejects as `connect` does. */
export async function connectClient(scope: Scope, address: string): Promise<Client> {
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  scope.after(() => void socket.destroy());
  let text = '';
  let reset = false;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'connect');
  socket.on('error', () => {
    reset = true;
  });
  const closed = new Promise<boolean>((resolve) => {
    socket.on('close', () => resolve(reset));
  });
  return {
    socket,
    received: () => text,
    closed,
    until: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!text.includes(wanted)) return;
          clearTimeout(timer);
          resolve(text);
        };
        const timer = setTimeout(() => reject(new Error(`"${wanted}" did not come; got "${text}"`)), 10_000);
        socket.on('data', look);
        socket.on('close', () => {
          clearTimeout(timer);
          reject(new Error(`closed before "${wanted}" came; got "${text}"`));
        });
        look();
      }),
  };
}
