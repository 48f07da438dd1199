/** A worker thread that can be told to fail, or to be busy: in the middle of its loop, and outside of any connection. */
import { parentPort } from 'node:worker_threads';
import { Worker } from '../../data-plane/worker/worker.ts';
import type { ToWorker } from '../../data-plane/worker/protocol.ts';

/** `throw`: an exception that nothing catches. `loop`: it never comes back. */
export type Sabotage = 'throw' | 'loop';

/** Busy until the gate's first cell is not 0. */
export interface Hold {
  readonly type: 'hold';
  readonly gate: Int32Array;
}

const { handle } = Worker.prototype;

Worker.prototype.handle = function handleOrFail(
  this: Worker,
  message: ToWorker | Hold | { readonly type: 'throw' } | { readonly type: 'loop' },
): void {
  if (message.type === 'throw') throw new Error('thrown, as the test asked');
  if (message.type === 'loop' || message.type === 'hold') {
    parentPort?.postMessage({ type: 'log', level: 'info', message: 'stuck', fields: {} }, []);
    if (message.type === 'loop') for (;;);
    Atomics.wait(message.gate, 0, 0);
    return;
  }
  handle.call(this, message);
};

await import('../../data-plane/worker/worker-thread.ts');
