/** Starts worker threads of Node. */
import { Worker } from 'node:worker_threads';
import type { FromWorker } from './protocol.ts';
import { loadLibc } from '../engine/libc.ts';
import type { StartThread } from './worker-handle.ts';

/** A thread that runs worker-thread.ts, woken where its engine waits by itself. What it prints by mistake goes to the process's own output. */
export const startThread: StartThread = (start, events) => {
  const worker = new Worker(new URL('./worker-thread.js', import.meta.url), {
    workerData: start,
    name: `worker-${start.index}`,
  });
  worker.on('message', (message: FromWorker) => events.onMessage(message));
  worker.on('error', (error) => events.onError(error));
  worker.on('exit', () => events.onExit());
  const wake = (): void => {
    if (start.wakeFd >= 0) loadLibc().libc?.wake(start.wakeFd);
  };
  return {
    post(message) {
      // Nothing is transferred: shared memory is shared, all else is copied.
      worker.postMessage(message, []);
      wake();
    },
    terminate() {
      const gone = worker.terminate();
      wake();
      return gone;
    },
  };
};
