/** The tree of commands. Cheap to build: what a command does is imported when it runs. */
import { Command } from 'commander';
import { VERSION } from '../core/runtime/version.ts';
import { addBackendCommands } from './tree/backend-commands.ts';
import { addChangeCommands } from './tree/change-commands.ts';
import { addCompletionCommands } from './tree/completion-commands.ts';
import type { Execute } from './command.ts';
import { addHistoryCommands, addRollback } from './tree/history-commands.ts';
import { addManifestCommands } from './tree/manifest-commands.ts';
import { addGlobalOptions, examples } from './commands/options.ts';
import { addReadCommands } from './tree/read-commands.ts';
import { addStoreCommands } from './tree/store-commands.ts';
import { addRegisterCommand } from './tree/register-command.ts';
import { addTopCommand } from './tree/top-command.ts';

const EXIT_CODES = `
Exit codes: 0 done · 1 refused or failed · 2 wrong usage · 3 no control plane reachable · 4 timed out waiting
(or it is not known whether a change was written) · 5 diff found a difference
`;

/** `execute` runs what a command does. */
export function buildProgram(execute: Execute): Command {
  const program = addGlobalOptions(new Command('lbctl'))
    .description('Looks at and changes an Equipoise load balancer, by way of its control plane.')
    .version(VERSION, '--version', 'print the version of lbctl')
    .usage('COMMAND [ARGUMENTS] [OPTIONS]')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .helpCommand(false);
  program.commandsGroup('Look:');
  addReadCommands(program, execute);
  addTopCommand(program, execute);
  addHistoryCommands(program, execute);
  program.commandsGroup('Change:');
  addManifestCommands(program, execute);
  addChangeCommands(program, execute);
  addBackendCommands(program, execute);
  addRollback(program, execute);
  addStoreCommands(program, execute);
  addRegisterCommand(program, execute);
  program.commandsGroup('Shell:');
  addCompletionCommands(program, execute);
  return program.addHelpText(
    'after',
    examples(
      'lbctl get pools',
      'lbctl apply -f web.yaml --wait',
      'lbctl backend drain web 10.0.0.1:8080 --wait',
      'lbctl set policy default --strategy least_connections',
    ) + EXIT_CODES,
  );
}
