/** A worker thread that can be told to fail: in the middle of its loop, and outside of any connection. */
import { parentPort } from 'node:worker_threads';
import { Worker } from '../../data-plane/worker/worker.ts';
import type { ToWorker } from '../../data-plane/worker/protocol.ts';

/** `throw`: an exception that nothing catches. `loop`: it never comes back. */
export type Sabotage = 'throw' | 'loop';

const { handle } = Worker.prototype;

Worker.prototype.handle = function handleOrFail(
  this: Worker,
  message: ToWorker | { readonly type: 'throw' } | { readonly type: 'loop' },
): void {
  if (message.type === 'throw') throw new Error('thrown, as the test asked');
  if (message.type === 'loop') {
    parentPort?.postMessage({ type: 'log', level: 'info', message: 'stuck', fields: {} }, []);
    for (;;);
  }
  handle.call(this, message);
};

await import('../../data-plane/worker/worker-thread.ts');
