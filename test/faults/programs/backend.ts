/**
 * A TCP server that says who it is and where the connection comes from, then sends back what it gets.
 * Usage: node backend.js PORT
 */
import { createServer } from 'node:net';

const port = Number(process.argv[2]);

const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.write(`127.0.0.1:${port} ${socket.remoteAddress}\n`);
  socket.pipe(socket);
});
server.listen({ port, host: '127.0.0.1', backlog: 4_096 }, () => console.log(`listens on ${port}`));
