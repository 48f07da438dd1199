/**
 * The end of `npm start`: the proxy first, so that its connections finish while everything they need is there.
 * A second Ctrl-C kills what is left.
 */
import type { Child } from './child.ts';

export interface Stopper {
  /** Settles at the first signal. */
  readonly requested: Promise<void>;
  isStopping(): boolean;
  /** Stops all children in order. Calling it again waits for the same end. */
  stop(): Promise<void>;
}

/** A child that takes longer is killed. Longer than the proxy's drain timeout here. */
const STOP_DEADLINE_MS = 10_000;
/** One Ctrl-C arrives twice under npm: from the terminal, and from npm, which passes it on. */
const SAME_KEYSTROKE_MS = 500;
const CHECK_NPM_MS = 1_000;

/** `children` is read when it is needed: it grows while they start. */
export function stopOnSignals(children: readonly Child[]): Stopper {
  let firstSignalMs: number | undefined;
  let stopped: Promise<void> | undefined;
  const { promise: requested, resolve: request } = deferred();
  const onSignal = () => {
    if (firstSignalMs === undefined) {
      firstSignalMs = Date.now();
      console.error('\nStopping the proxy first, then the others. A second Ctrl-C does not wait.');
      request();
    } else if (Date.now() - firstSignalMs > SAME_KEYSTROKE_MS) {
      for (const child of children) child.kill();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  const parent = process.ppid;
  // An npm that was killed passes no signal on. It is our parent because package.json says exec; without npm, the
  // parent may change.
  if (process.env['npm_lifecycle_event'] === 'start') {
    setInterval(() => process.ppid !== parent && onSignal(), CHECK_NPM_MS).unref();
  }
  return {
    requested,
    isStopping: () => firstSignalMs !== undefined || stopped !== undefined,
    stop: () => (stopped ??= stopInOrder(children)),
  };
}

function isProxy(child: Child): boolean {
  return child.options.program.startsWith('data-plane/');
}

async function stopInOrder(children: readonly Child[]): Promise<void> {
  await Promise.all(children.filter(isProxy).map((child) => child.stop(STOP_DEADLINE_MS)));
  await Promise.all(children.filter((child) => !isProxy(child)).map((child) => child.stop(STOP_DEADLINE_MS)));
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** Promise.withResolvers, which Node 20 lacks. */
function deferred(): Deferred {
  const made: { resolve?: () => void } = {};
  const promise = new Promise<void>((resolve) => (made.resolve = resolve));
  return { promise, resolve: () => made.resolve?.() };
}
