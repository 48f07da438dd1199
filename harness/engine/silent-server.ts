/** An address on loopback where connects hang: nobody accepts, and the queue of the listening socket is full. */
import { libcOrFail } from './libc.ts';
import { dial } from './tcp.ts';

export interface SilentServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function silentServer(): Promise<SilentServer> {
  const libc = libcOrFail();
  const fd = libc.socket(4);
  libc.bind(fd, Uint8Array.of(127, 0, 0, 1), 0);
  // Linux queues one connection more than the backlog says, and then drops further ones.
  libc.listen(fd, 0);
  const port = libc.localPort(fd);
  const waiting = await dial(port);
  return {
    host: '127.0.0.1',
    port,
    close: async () => {
      waiting.destroy();
      libc.close(fd);
    },
  };
}
