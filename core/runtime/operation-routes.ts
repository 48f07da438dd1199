/**
 * The routes that operators need in every program: /metrics, /healthz (it is alive) and /readyz (it can serve).
 *
 * Invariants
 *  - however many ask for the metrics, they are rendered for one fifth of the time at most (unless one rendering takes longer
 *    than half a second), and probes are answered first.
 */
import { type Clock, sleep } from './clock.ts';
import { json, type Routes } from './http-server.ts';

/** Between two renderings there are so many times the duration of the first, but not more than PAUSE_MS. */
const PAUSE_FACTOR = 4;
const PAUSE_MS = 2_000;

/** The metrics of a program in Prometheus' text format. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

/**
 * `notReady` returns the reasons why the program cannot serve now; empty: it is ready. `warnings` are for people: what
 * works, and should be put right.
 */
export function operationRoutes(
  metrics: Metrics,
  notReady: () => readonly string[],
  clock: Clock,
  warnings: () => readonly string[] = () => [],
): Routes {
  // One copy for all who ask.
  const render = oneForAll(async () => Buffer.from(await metrics.render()), clock);
  return {
    '/metrics': async () => ({ status: 200, contentType: metrics.contentType, body: await render() }),
    '/healthz': () => json(200, { status: 'ok' }),
    '/readyz': () => {
      const reasons = notReady();
      return reasons.length === 0
        ? json(200, { status: 'ready', ...(warnings().length > 0 && { warnings: warnings() }) })
        : json(503, { status: 'not ready', reasons });
    },
  };
}

/** Calls `make` once for all who asked before it began. They never get anything older than their question. */
function oneForAll<T>(make: () => Promise<T>, clock: Clock): () => Promise<T> {
  let waiting: Promise<T> | null = null;
  let last: Promise<void> = Promise.resolve();
  const next = async () => {
    await last;
    // Whatever has arrived by now is read before the rendering begins.
    await new Promise<void>((resolve) => setImmediate(resolve));
    waiting = null;
    const begunMs = clock.nowMs();
    const made = make();
    const pause = () => {
      const pauseMs = Math.min((clock.nowMs() - begunMs) * PAUSE_FACTOR, PAUSE_MS);
      return pauseMs > 0 ? sleep(clock, pauseMs) : undefined;
    };
    last = made.then(pause, pause);
    return made;
  };
  return () => (waiting ??= next());
}
