/** The entry of a worker thread: joins the worker to its port. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/runtime/clock.ts';
import { portableEngine } from '../engine/portable/portable-engine.ts';
import type { ToWorker, WorkerStart } from './protocol.ts';
import { Worker } from './worker.ts';

const port = parentPort;
if (!port) throw new Error('this file runs as a worker thread of lb-data-plane, not by itself');
const worker = new Worker({
  start: workerData as WorkerStart,
  createEngine: portableEngine,
  clock: systemClock,
  post: (message) => port.postMessage(message),
  exit: () => process.exit(0),
});
port.on('message', (message: ToWorker) => worker.handle(message));
// Only a look: the exception goes on to end the thread, and the main thread learns of it.
process.on('uncaughtExceptionMonitor', () => worker.abandon());
