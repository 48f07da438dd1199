/**
 * A small HTTP server that answers with its name, for use as a backend. `node dist/examples/demo-backend.js 9104`
 *
 * On SIGTERM or SIGINT it stops accepting, answers the requests that have begun, and ends.
 */
import { createServer } from 'node:http';

const USAGE = 'usage: node dist/examples/demo-backend.js PORT|HOST:PORT   (a port of 1 to 65535)';
/** Connections that are still open after this long are cut off. */
const STOP_DEADLINE_MS = 5_000;

function parseAddress(text: string): { host: string; port: number } | undefined {
  const [host, digits] = text.includes(':') ? text.split(':') : ['127.0.0.1', text];
  const port = /^\d{1,5}$/.test(digits ?? '') ? Number(digits) : 0;
  return host && port > 0 && port < 65_536 ? { host, port } : undefined;
}

const address = parseAddress(process.argv[2] ?? '');
if (address === undefined || process.argv.length > 3) {
  console.error(USAGE);
  process.exit(2);
}
const { host, port } = address;
const name = `demo-${port}`;
let open = 0;
let answered = 0;

const server = createServer({ keepAliveTimeout: 75_000 }, (_request, response) => {
  answered += 1;
  response.setHeader('content-type', 'text/plain');
  response.end(`${name} at ${host}:${port}, ${answered} answered, ${open} connections open\n`);
});
server.on('connection', (socket) => {
  open += 1;
  socket.on('close', () => (open -= 1));
});
server.on('error', (error: NodeJS.ErrnoException) => {
  const taken = error.code === 'EADDRINUSE';
  console.error(
    taken
      ? `${host}:${port} is taken: stop the program that has it, or choose another port`
      : `${name}: ${error.message}`,
  );
  process.exit(1);
});
server.listen(port, host, () => console.log(`${name} answers at http://${host}:${port}/`));

function stop(): void {
  server.close();
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), STOP_DEADLINE_MS).unref();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
