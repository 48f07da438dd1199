#!/usr/bin/env node
/** The program lbctl. */
import { MessageChannel } from 'node:worker_threads';
import { EXIT } from './exit.ts';
import { run } from './run.ts';

// `lbctl get backends | head` closes the pipe early, which is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
});

// Our timers don't keep the process alive, and while lbctl waits for a server there may be nothing else that does.
const { port1: alive } = new MessageChannel();
alive.on('message', () => undefined);

process.exitCode = await run(process.argv.slice(2), process);
alive.close();
