/** An address on loopback where connects hang: nobody accepts, and the queue of the listening socket is full. */
import { RawListener } from './raw-socket.ts';
import { dial } from './tcp.ts';

export interface SilentServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function silentServer(): Promise<SilentServer> {
  // Linux queues one connection more than the backlog says, and then drops further ones.
  const listener = new RawListener(0, 0);
  const { port } = listener;
  const waiting = await dial(port);
  return {
    host: '127.0.0.1',
    port,
    close: async () => {
      waiting.destroy();
      listener.close();
    },
  };
}
