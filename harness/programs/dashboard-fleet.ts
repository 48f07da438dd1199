/** A fleet with traffic for the dashboard to show: real programs, three demo backends, a listener, and a client. */
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { connectReplica } from '../../core/wire/clients.ts';
import { answers, lbctlFor, type Lbctl, startDemoBackend, startProxy, succeed } from './fleet.ts';
import {
  eventually,
  type Installation,
  type RunningProcess,
  type Scope,
  startBuilt,
  temporaryFolder,
} from './processes.ts';
import { type Call, callsOf } from './running-control-plane.ts';

export interface DashboardFleet {
  readonly grpc: string;
  readonly http: string;
  readonly lbctl: Lbctl;
  readonly call: Call;
  /** Of the pool `web`. */
  readonly backends: readonly string[];
  /** One more, in no pool yet. */
  readonly spare: string;
  /** Which backends answered so many new connections. */
  reached(connections?: number): Promise<ReadonlySet<string>>;
  /** Stops the control plane. */
  stop(): Promise<void>;
  /** Another one at the same addresses with the same store. `from`: of another version. */
  start(from?: Installation): Promise<void>;
}

export async function startDashboardFleet(
  scope: Scope,
  flags: readonly string[] = [],
): Promise<DashboardFleet> {
  const store = `lmdb:${join(temporaryFolder(scope), 'store')}`;
  const grpc = `127.0.0.1:${await freePort()}`;
  const http = `127.0.0.1:${await freePort()}`;
  const addresses = ['--grpc-address', grpc, '--http-address', http, '--store', store];
  let plane: RunningProcess;
  const start = async (installation?: Installation) => {
    const options = installation && { installation };
    plane = startBuilt(scope, 'control-plane/main.js', [...addresses, ...flags], options);
    await answers(`http://${http}/readyz`);
  };
  await start();
  await startProxy(scope, 'east', [grpc], ['--workers', '1', ...flags]);
  const backends = [
    await startDemoBackend(scope),
    await startDemoBackend(scope),
    await startDemoBackend(scope),
  ];
  const spare = await startDemoBackend(scope);
  const listener = `127.0.0.1:${await freePort()}`;
  const lbctl = lbctlFor(grpc);
  await succeed(lbctl, ['apply', '-f', '-', '--wait', ...flags], manifest(backends, listener));
  const client = connectReplica(grpc);
  scope.after(() => client.close());
  await answers(`http://${listener}/`);
  return {
    grpc,
    http,
    lbctl,
    call: callsOf(client),
    backends,
    spare,
    reached: (connections = 12) => reached(listener, connections),
    stop: async () => void (await plane.stop()),
    start,
  };
}

function manifest(backends: readonly string[], listener: string): string {
  const rows = backends.map((address) => `  - { address: "${address}" }`).join('\n');
  return `kind: Policy
name: default
strategy: round_robin
health_check: { interval: 200ms, timeout: 200ms }
---
kind: Policy
name: steady
strategy: source_hash
---
kind: Pool
name: web
backends:
${rows}
---
kind: Listener
name: front
address: "${listener}"
pool: web
`;
}

/** A demo backend answers with its own name. */
async function reached(listener: string, connections: number): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let count = 0; count < connections; count += 1) {
    const response = await fetch(`http://${listener}/`, { headers: { connection: 'close' } });
    const port = /^demo-(\d+) /.exec(await response.text())?.[1];
    found.add(`127.0.0.1:${port}`);
  }
  return found;
}

/** Waits until new connections reach exactly these backends. */
export async function untilReached(fleet: DashboardFleet, expected: readonly string[]): Promise<void> {
  const wanted = [...expected].sort().join();
  await eventually(
    async () => [...(await fleet.reached())].sort().join() === wanted,
    `traffic to reach exactly ${wanted}`,
    60_000,
  );
}
