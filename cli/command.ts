/** How a command of the tree is run. What it needs is imported only then, so that help and completion stay quick. */
import type { Command } from 'commander';
import type { Context } from './context.ts';
import type { ExitCode } from './exit.ts';
import type { Session } from './session/session.ts';

export type Task = (context: Context, session: Session) => Promise<ExitCode>;

/** Makes the context out of the global options, runs the task and sets the exit code. */
export type Execute = (task: Task) => Promise<void>;

/** Adds a group of commands. */
export type AddCommands = (program: Command, execute: Execute) => void;
