/** Many quiet connections through a balancer: the two ends, each a process of its own. */
import type { Scope } from '../../harness/programs/processes.ts';
import { startGenerator, type Generator } from './generator.ts';
import type { ClientAnswer, ClientQuestion, EchoAnswer, EchoQuestion } from './idle-protocol.ts';

export type IdleClients = Generator<ClientQuestion, ClientAnswer>;

/** Answers where the backend listens: HOST:PORT each, all on one port. */
export async function startEchoBackend(
  scope: Scope,
  cpu: number,
  hosts: readonly string[] = ['127.0.0.1'],
): Promise<readonly string[]> {
  const echo = startGenerator<EchoQuestion, EchoAnswer>(scope, cpu, 'echo-backend');
  const { port } = await echo.ask({ listen: hosts });
  return hosts.map((host) => `${host}:${port}`);
}

export function startIdleClients(scope: Scope, cpu: number): IdleClients {
  return startGenerator<ClientQuestion, ClientAnswer>(scope, cpu, 'idle-clients');
}

/** Opens more connections to HOST:PORT, a byte each way on every one. Fails when one does not work. */
export async function openIdle(clients: IdleClients, address: string, count: number): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  const { failed } = await clients.ask({ do: 'open', host, port: Number(port), count });
  if (failed > 0) throw new Error(`${failed} of ${count} connections to ${address} could not be used`);
}
