#!/usr/bin/env node
/** The program lbctl. */
import { MessageChannel } from 'node:worker_threads';
import { run } from './run.ts';

// Our timers don't keep the process alive, and while lbctl waits for a server there may be nothing else that does.
const { port1: alive } = new MessageChannel();
alive.on('message', () => undefined);

process.exitCode = await run(process.argv.slice(2), process);
alive.close();
