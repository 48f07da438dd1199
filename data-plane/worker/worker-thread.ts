/** The entry point of a worker thread: connects the worker to its message port. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../core/runtime/clock.ts';
import { runEngine } from '../engine/run-engine.ts';
import { epollEngine } from '../engine/epoll/epoll-engine.ts';
import { portableEngine } from '../engine/portable/portable-engine.ts';
import { loadLibc } from '../kernel/libc.ts';
import { CONTROL, sharedCells } from '../memory/shared-memory.ts';
import type { ToWorker, WorkerStart } from './protocol.ts';
import { Worker } from './worker.ts';

const port = parentPort;
if (!port) throw new Error('this file runs as a worker thread of lb-data-plane, not by itself');
const start = workerData as WorkerStart;
const libc = start.engine === 'epoll' ? loadLibc().libc : null;
const worker = new Worker({
  start,
  createEngine: start.engine === 'epoll' ? epollEngine : portableEngine,
  clock: systemClock,
  post: (message) => port.postMessage(message),
  wake: (worker) => {
    const fd = start.wakeFds[worker];
    if (fd !== undefined) libc?.wake(fd);
  },
  exit: () => process.exit(0),
});
// This only watches: the exception still ends the thread, and the main thread is told.
process.on('uncaughtExceptionMonitor', () => worker.abandon());
const { control } = sharedCells(start.buffers);
runEngine<ToWorker>(
  worker.engine,
  port,
  (message) => worker.handle(message),
  () => worker.woken(),
  () => Atomics.load(control, CONTROL.stop) === 1,
);
