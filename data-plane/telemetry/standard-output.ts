/**
 * Standard output as something that takes what it takes at once. A write that waits there would keep a thread of Node's
 * pool, and the process could not even end before it: Node waits for those threads.
 */
import { constants, fstatSync, openSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';

const STDOUT = 1;

export interface Output {
  readonly fd: number;
  /** False: a write may wait for whoever reads. */
  readonly isPrompt: boolean;
}

export function openStandardOutput(): Output {
  try {
    return openPromptly(fstatSync(STDOUT));
  } catch {
    // A pipe without a reader, or the terminal of another user.
    return { fd: STDOUT, isPrompt: false };
  }
}

function openPromptly(stats: Stats): Output {
  if (stats.isFile()) return { fd: STDOUT, isPrompt: true };
  if (stats.isSocket()) {
    // It can't be opened once more. libuv makes it non-blocking, for standard error too if they are one: whoever writes
    // there knows how to wait. Nothing is ever sent by way of this object.
    new Socket({ fd: STDOUT, readable: false, writable: true }).unref();
    return { fd: STDOUT, isPrompt: true };
  }
  // Once more, so that it is non-blocking for us alone, and not for whoever shares it.
  const { O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
  return { fd: openSync('/proc/self/fd/1', O_NOCTTY | O_NONBLOCK | O_WRONLY), isPrompt: true };
}
