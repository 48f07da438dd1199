/** The exit codes of lbctl, and the error that carries one. docs/cli.md lists the codes. */
import { type Violation, violationText } from '../core/model/violation.ts';
import { type ErrorCode, LbError, messageOf } from '../core/runtime/errors.ts';

export const EXIT = {
  done: 0,
  /** Refused or failed; the reason is on stderr. */
  failed: 1,
  /** Wrong usage. */
  usage: 2,
  /** No control plane answered; nothing was written. */
  unreachable: 3,
  /** Timed out waiting, or it is not known whether a change was written. */
  timedOut: 4,
  /** `diff` found a difference. */
  different: 5,
  /** Done, but standard output could not be written whole. */
  unwritten: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the program: one line with the reason, then one line for each detail. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly details: readonly string[];
  /** No control plane answered, and one may later. */
  readonly retryable: boolean;

  constructor(exitCode: ExitCode, message: string, details: readonly string[] = []) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.details = details;
    this.retryable = exitCode === EXIT.unreachable;
  }
}

/** After every replica was tried. */
export function unreachable(servers: readonly string[], error: unknown): CliError {
  const message = `no control plane answers at ${servers.join(', ')} (--server names others)`;
  return new CliError(EXIT.unreachable, message, [messageOf(error)]);
}

const EXIT_OF: Partial<Record<ErrorCode, ExitCode>> = {
  UNAVAILABLE: EXIT.unreachable,
  OUTCOME_UNKNOWN: EXIT.timedOut,
};

/** Anything that was thrown, as the user sees it. */
export function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (!(error instanceof LbError)) return new CliError(EXIT.failed, messageOf(error));
  const { message, violations } = error;
  // A single violation often is the whole message, and is not repeated then.
  const others = violations.filter((violation) => !isIn(message, violation));
  return new CliError(EXIT_OF[error.code] ?? EXIT.failed, message, others.map(violationText));
}

/**
 * Whether the message has both the path and the description. Of a path that ends with a name it is enough when the
 * message has its names: 'Pool "web": 10.0.0.1:80 is not in the pool' covers pools[web].backends[10.0.0.1:80].
 */
function isIn(message: string, violation: Violation): boolean {
  if (message.includes(violationText(violation))) return true;
  const { field, description } = violation;
  // In a manifest, the path follows its line and a blank.
  if (!field.endsWith(']') || field.includes(' ')) return false;
  // The brackets of IPv6 are within those of the path.
  const names = [...field.matchAll(/\[(.+?)\](?=\.|$)/g)].map(([, name = '']) => name);
  return message.includes(description) && names.every((name) => message.includes(name));
}
