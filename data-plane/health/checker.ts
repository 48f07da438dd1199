/** The interface of a health check. One kind of check a file. */

/** What is checked: a textual IP address and a port. */
export interface CheckTarget {
  readonly host: string;
  readonly port: number;
}

export type CheckResult =
  | { readonly type: 'passed' }
  /** `reason` is in words, such as "connection refused". */
  | { readonly type: 'failed'; readonly reason: string }
  /** It says more of this process than of the backend, such as a deadline missed while the event loop stood still. */
  | { readonly type: 'inconclusive'; readonly reason: string };

export interface RunningCheck {
  /** Ends the check; `done` will not be called any more. */
  cancel(): void;
}

export interface Checker {
  /** Checks once. `done` is called exactly once, later, unless the check is cancelled first. */
  check(target: CheckTarget, timeoutMs: number, done: (result: CheckResult) => void): RunningCheck;
}

/** For a check that is over before it began. */
export function later(action: () => void): RunningCheck {
  const immediate = setImmediate(action);
  return { cancel: () => clearImmediate(immediate) };
}
