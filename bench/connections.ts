/** `npm run bench:connections`: what one proxy holds, and what several hold side by side on one machine. */
import { CONNECTIONS_HELP, parseConnections, type ConnectionsOptions } from './connections-options.ts';
import { describeMachine, machineLines } from './machine.ts';
import { chooseCpus, pinMyself } from './pinning.ts';
import { programScope, within, type RunScope } from './run-scope.ts';
import { oneProxy } from './scale/one-proxy.ts';
import { severalProxies } from './scale/several-proxies.ts';
import { requireLoadTools } from './tools.ts';

async function main(): Promise<number> {
  const parsed = parseConnections(process.argv.slice(2));
  if (parsed.kind === 'help') {
    console.log(CONNECTIONS_HELP);
    return 0;
  }
  if (parsed.kind === 'wrong') {
    console.error(`${parsed.reason}\n\n${CONNECTIONS_HELP}`);
    return 2;
  }
  const scope = programScope();
  try {
    requireLoadTools();
    await runAll(scope, parsed.options);
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await scope.close();
  }
}

async function runAll(scope: RunScope, options: ConnectionsOptions): Promise<void> {
  const cpus = chooseCpus();
  for (const line of machineLines(await describeMachine())) console.log(line);
  await pinMyself(cpus.others);
  for (const part of [oneProxy, severalProxies]) {
    const lines = await within(scope, (inner) => part(inner, cpus, options));
    console.log(['', ...lines].join('\n'));
  }
}

process.exitCode = await main();
