/**
 * `npm start`: a whole load balancer on this machine, as separate processes.
 *
 *   control plane ─► demo backends ─► proxy ─► on an empty store, examples/quickstart.yaml ─► what to try
 *
 * Each step waits until the one before is ready. When a step fails, everything that was started is stopped again.
 */
import { mkdirSync } from 'node:fs';
import { addresses, type Addresses } from './start/addresses.ts';
import { startChild, type Child, type ChildOptions } from './start/child.ts';
import { applyQuickstart, manifestPath } from './start/demo.ts';
import { hintText } from './start/hints.ts';
import { HELP, parseStart, type StartOptions } from './start/options.ts';
import { controlPlane, demoBackend, proxy } from './start/programs.ts';
import { StartError, requireFree, waitUntilReady } from './start/readiness.ts';
import { stopOnSignals } from './start/stop.ts';

type Start = (options: ChildOptions) => Child;

async function launch(options: StartOptions, at: Addresses, start: Start): Promise<void> {
  await requireFree([
    { address: at.grpc, program: 'lb-control-plane', use: 'gRPC' },
    { address: at.http, program: 'lb-control-plane', use: 'dashboard' },
    { address: at.admin, program: 'lb-data-plane', use: 'metrics' },
    ...(options.demo ? at.demo.map((address) => ({ address, program: 'demo-backend', use: 'demo' })) : []),
  ]);
  const plane = start(controlPlane(options, at));
  await waitUntilReady(plane, `http://${at.http}/readyz`);
  if (options.demo) {
    for (const address of at.demo) {
      await waitUntilReady(start(demoBackend(options, address)), `http://${address}/`);
    }
  }
  await waitUntilReady(start(proxy(options, at)), `http://${at.admin}/readyz`);
  if (options.demo) await applyQuickstart(options, at);
}

/** Reports a child that ends by itself, and how to start it again. The others continue. */
function tellOfDeaths(children: readonly Child[], stopping: () => boolean): void {
  for (const child of children) {
    void child.ended.then((how) => {
      if (stopping()) return;
      console.error(
        `\n${child.options.name} ${how}. The others keep running. To start it again:\n  ${child.options.command}\n`,
      );
    });
  }
}

async function main(): Promise<number> {
  const parsed = parseStart(process.argv.slice(2));
  if (parsed.kind === 'help') {
    console.log(HELP);
    return 0;
  }
  if (parsed.kind === 'wrong') {
    console.error(`${parsed.reason}\n\n${HELP}`);
    return 2;
  }
  const { options } = parsed;
  const at = addresses(options.portOffset);
  const children: Child[] = [];
  const stopper = stopOnSignals(children);
  const start: Start = (child) => {
    // A launch that was interrupted must not start more children.
    if (stopper.isStopping()) throw new StartError('interrupted');
    const started = startChild(child);
    children.push(started);
    return started;
  };
  mkdirSync(options.dataDir, { recursive: true });
  try {
    await Promise.race([launch(options, at, start), stopper.requested]);
    if (!stopper.isStopping()) {
      console.log(hintText(options, at, manifestPath('more', options)));
      tellOfDeaths(children, () => stopper.isStopping());
    }
    await Promise.race([stopper.requested, Promise.all(children.map((child) => child.ended))]);
    await stopper.stop();
    return 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(`\nnpm start: ${error.message}\n`);
    return 1;
  } finally {
    await stopper.stop();
  }
}

process.exitCode = await main();
