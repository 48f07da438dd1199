/**
 * Loaded into every child of `npm start` (node --import): the child ends when its standard input ends, which the
 * kernel sees to however the parent died. So nothing is left behind, even after a SIGKILL of the parent.
 */
import { isMainThread } from 'node:worker_threads';

/** Who has not ended by then, hangs. Longer than the proxy's drain timeout here. */
const KILL_AFTER_MS = 15_000;

// Worker threads inherit --import, and have a standard input of their own.
if (isMainThread) {
  const { stdin } = process;
  const parentGone = () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), KILL_AFTER_MS).unref();
  };
  stdin.once('end', parentGone).once('error', parentGone).resume();
  // A program that is done must not stay because its parent is still there.
  if ('unref' in stdin) stdin.unref();
}
