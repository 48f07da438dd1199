/**
 * Wakes worker threads whose engine waits by itself, in epoll_wait: a message, a request to end the thread and the
 * end of the process are noticed only when that wait ends. Without this, `terminate` and `process.exit` hang forever.
 *
 * Invariant: the eventfds are never read. They are registered edge-triggered, so each write ends one wait, even one that
 * begins after the write.
 */
import { errnoName } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import { CONTROL, type SharedBuffers, sharedCells } from '../../memory/shared-memory.ts';

export class WakeUp {
  readonly #libc: Libc | null;
  readonly #eventfds: readonly number[];
  readonly #onProcessExit: () => void;

  /** With `libc` null nothing needs waking. Throws when descriptors ran out. */
  constructor(libc: Libc | null, buffers: SharedBuffers) {
    this.#libc = libc;
    this.#eventfds = buffers.perWorker.flatMap(() => (libc ? [newEventfd(libc)] : []));
    const { control } = sharedCells(buffers);
    this.#onProcessExit = () => {
      Atomics.store(control, CONTROL.stop, 1);
      for (const worker of this.#eventfds.keys()) this.wake(worker);
    };
  }

  /** Tells workers when the process ends. Call it before they start. */
  install(): void {
    process.on('exit', this.#onProcessExit);
  }

  /** By worker; empty where none is needed. */
  get eventfds(): readonly number[] {
    return this.#eventfds;
  }

  wake(worker: number): void {
    const fd = this.#eventfds[worker];
    if (fd !== undefined) this.#libc?.wake(fd);
  }

  /** Call it when all threads are gone. */
  close(): void {
    process.off('exit', this.#onProcessExit);
    for (const fd of this.#eventfds) this.#libc?.close(fd);
  }
}

function newEventfd(libc: Libc): number {
  const fd = libc.eventfd();
  if (fd < 0) throw new Error(`cannot create an eventfd to wake a worker with: ${errnoName(-fd)}`);
  return fd;
}
