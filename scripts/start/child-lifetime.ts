/**
 * Loaded into every child of `npm start` (node --import): the child ends when its standard input ends. The kernel closes
 * that input however the parent dies, so no child is left behind, even after a SIGKILL of the parent.
 */
import { isMainThread } from 'node:worker_threads';

/** A child that takes longer hangs. Longer than the proxy's drain timeout here. */
const KILL_AFTER_MS = 15_000;

// Worker threads inherit --import, and have a standard input of their own.
if (isMainThread) {
  const { stdin } = process;
  const parentGone = () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), KILL_AFTER_MS).unref();
  };
  stdin.once('end', parentGone).once('error', parentGone).resume();
  // The input must not keep a program alive that is done.
  if ('unref' in stdin) stdin.unref();
}
