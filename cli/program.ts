/** All commands of lbctl. They are cheap to add: what a command does is imported when it runs. */
import { Command, type OutputConfiguration } from 'commander';
import { VERSION } from '../core/runtime/version.ts';
import type { AddCommand, Execute } from './command.ts';
import { addApply } from './commands/apply.ts';
import { addBackend } from './commands/backend.ts';
import { addCompletion } from './commands/completion.ts';
import { addCreate } from './commands/create.ts';
import { addDelete } from './commands/delete.ts';
import { addDescribe } from './commands/describe.ts';
import { addDiff } from './commands/diff.ts';
import { addEvents } from './commands/events.ts';
import { addExport } from './commands/export.ts';
import { addGet } from './commands/get.ts';
import { addHealth } from './commands/health.ts';
import { addHistory, addRollback, addShow } from './commands/history.ts';
import { addHost } from './commands/host.ts';
import { addRegister } from './commands/register.ts';
import { addSet } from './commands/set.ts';
import { addStore } from './commands/store.ts';
import { addTop } from './commands/top.ts';
import { addWait } from './commands/wait.ts';
import { addGlobalOptions, examples } from './commands/options.ts';

/** In the order in which the help lists them. */
const GROUPS: Readonly<Record<string, readonly AddCommand[]>> = {
  'Inspect:': [addGet, addDescribe, addHealth, addWait, addTop, addEvents, addHistory, addShow],
  'Change:': [
    addApply,
    addDiff,
    addExport,
    addCreate,
    addSet,
    addDelete,
    addBackend,
    addHost,
    addRollback,
    addStore,
    addRegister,
  ],
  'Shell:': [addCompletion],
};

const EXIT_CODES = `
Exit codes: 0 done · 1 refused or failed · 2 wrong usage · 3 no control plane reachable · 4 timed out waiting
(or it is not known whether a change was written) · 5 diff found a difference · 6 done, but standard output
could not be written whole
`;

/** `output` must be known before the commands are added, which inherit it. */
export function buildProgram(execute: Execute, output: OutputConfiguration = {}): Command {
  const program = addGlobalOptions(new Command('lbctl'))
    .description('Shows and changes an Equipoise load balancer through its control plane.')
    .version(VERSION, '--version', 'print the version of lbctl')
    .usage('COMMAND [ARGUMENTS] [OPTIONS]')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(output)
    .exitOverride()
    .showHelpAfterError('(--help says more)')
    .helpCommand(false);
  for (const [title, group] of Object.entries(GROUPS)) {
    program.commandsGroup(title);
    for (const add of group) add(program, execute);
  }
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
