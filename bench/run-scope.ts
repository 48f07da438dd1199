/** What a run started, stopped again in reverse order, whatever happened. */
import type { Scope } from '../harness/programs/processes.ts';

export interface RunScope extends Scope {
  /** Stops everything, newest first. A failure to stop one thing does not keep the others. */
  close(): Promise<void>;
}

function openScope(): RunScope {
  const actions: (() => void | Promise<void>)[] = [];
  let closed = false;
  return {
    after(action) {
      // An interrupted run must not go on behind the stop.
      if (closed) throw new Error('stopping: nothing is started any more');
      actions.push(action);
    },
    async close() {
      closed = true;
      for (let action = actions.pop(); action !== undefined; action = actions.pop()) {
        try {
          await action();
        } catch (error) {
          console.error(`could not stop something: ${String(error)}`);
        }
      }
    },
  };
}

/** Runs `body` with a scope that is closed when it ends, or when the one around it is closed. */
export async function within<T>(outer: Scope, body: (scope: Scope) => Promise<T>): Promise<T> {
  const inner = openScope();
  outer.after(() => inner.close());
  try {
    return await body(inner);
  } finally {
    await inner.close();
  }
}

/** A scope for the whole program, closed on SIGINT and SIGTERM, which also end the program. */
export function programScope(): RunScope {
  const scope = openScope();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      console.error(`\n${name}: stopping what was started`);
      void scope.close().finally(() => process.exit(130));
    });
  }
  return scope;
}
