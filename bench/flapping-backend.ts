/** A backend that is up and down in turn, checked so often that its proxy notices each time. */
import { createServer, type Server } from 'node:net';
import { freePort } from '../harness/free-port.ts';
import type { ResourceDraft } from '../core/model/draft.ts';
import { type Scope } from '../harness/programs/processes.ts';

export interface FlappingBackend {
  /** A pool of its own, with a policy that checks ten times a second. */
  readonly resources: readonly ResourceDraft[];
  /** Down when it was up, up when it was down. */
  flip(): Promise<void>;
}

const NAME = 'flapping';
const HOST = '127.2.0.1';

export async function startFlappingBackend(scope: Scope): Promise<FlappingBackend> {
  const port = await freePort();
  let server: Server | undefined;
  const up = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer((socket) => socket.on('error', () => undefined).resume());
      server.once('error', reject).listen(port, HOST, () => resolve());
    });
  const down = () => {
    server?.close();
    server = undefined;
  };
  await up();
  scope.after(down);
  return {
    resources: [
      {
        kind: 'policy',
        value: {
          name: NAME,
          healthCheck: { intervalMs: 100, timeoutMs: 100, healthyThreshold: 1, unhealthyThreshold: 1 },
        },
      },
      { kind: 'pool', value: { name: NAME, policy: NAME, backends: [{ address: `${HOST}:${port}` }] } },
    ],
    flip: async () => (server === undefined ? up() : down()),
  };
}
