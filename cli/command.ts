/** What a file in commands/ exports, and what a command gets when it runs. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import type { ExitCode } from './exit.ts';
import type { MakeChange } from './session/change.ts';
import type { Session } from './session/session.ts';

export interface CommandRun {
  readonly context: Context;
  readonly session: Session;
  readonly change: MakeChange;
}

export type Action = (run: CommandRun) => Promise<ExitCode>;

/** Runs an action with the global options that were given, and sets the exit code. */
export type Execute = (action: Action) => Promise<void>;

/**
 * Adds a command, or a group of them, to the program. What an action needs is imported when it runs, so that help and
 * completion stay quick.
 */
export type AddCommand = (program: Command, execute: Execute) => void;
