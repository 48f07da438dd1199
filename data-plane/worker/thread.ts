/** Starts worker threads of Node. */
import { Worker } from 'node:worker_threads';
import type { FromWorker } from './protocol.ts';
import type { StartThread } from './worker-handle.ts';

/** A thread that runs worker-thread.ts. What it prints by mistake goes to the process's own output. */
export const startThread: StartThread = (start, events) => {
  const worker = new Worker(new URL('./worker-thread.js', import.meta.url), {
    workerData: start,
    name: `worker-${start.index}`,
  });
  worker.on('message', (message: FromWorker) => events.onMessage(message));
  worker.on('error', (error) => events.onError(error));
  worker.on('exit', () => events.onExit());
  // Nothing is transferred: shared memory is shared, all else is copied.
  return { post: (message) => worker.postMessage(message, []), terminate: () => worker.terminate() };
};
