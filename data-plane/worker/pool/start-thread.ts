/** Starts worker threads. */
import { Worker } from 'node:worker_threads';
import type { FromWorker } from '../protocol.ts';
import { loadLibc } from '../../kernel/libc.ts';
import type { StartThread } from './worker-handle.ts';

/** Starts threads that run `file`, and wakes them after each message if their engine waits by itself. */
export const threadsOf =
  (file: URL): StartThread =>
  (start, events) => {
    const worker = new Worker(file, { workerData: start, name: `worker-${start.index}` });
    worker.on('message', (message: FromWorker) => events.onMessage(message));
    worker.on('error', (error) => events.onError(error));
    worker.on('exit', () => events.onExit());
    const wake = (): void => {
      const wakeFd = start.wakeFds[start.index];
      if (wakeFd !== undefined) loadLibc().libc?.wake(wakeFd);
    };
    return {
      post(message) {
        // Nothing is transferred: shared memory is shared, and the rest is copied.
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

export const startThread = threadsOf(new URL('../worker-thread.js', import.meta.url));
