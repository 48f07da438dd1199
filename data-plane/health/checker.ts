/** The interface of a health check. One kind of check per file. */

/** What is checked: a textual IP address and a port. */
export interface CheckTarget {
  readonly host: string;
  readonly port: number;
}

export type CheckResult =
  | { readonly type: 'passed' }
  /** `reason` is in words, such as "connection refused". */
  | { readonly type: 'failed'; readonly reason: string }
  /** It says more about this process than about the backend, such as a deadline that passed while the event loop was blocked. */
  | { readonly type: 'inconclusive'; readonly reason: string };

export interface RunningCheck {
  /** Ends the check; `done` will not be called. */
  cancel(): void;
}

export interface Checker {
  /** Checks once. `done` is called exactly once, later, unless the check is cancelled first. */
  check(target: CheckTarget, timeoutMs: number, done: (result: CheckResult) => void): RunningCheck;
}

/** For a check that fails before it can start. */
export function later(action: () => void): RunningCheck {
  const immediate = setImmediate(action);
  return { cancel: () => clearImmediate(immediate) };
}
