/** Commands that look: get, describe, health, wait. */
import type { Command } from 'commander';
import { integer } from '../../core/runtime/flags.ts';
import { KIND_NAMES } from '../kinds/names.ts';
import type { AddCommands } from '../command.ts';
import { examples, revisionNumber } from '../commands/options.ts';

const KINDS = Object.keys(KIND_NAMES).join('|');

export const addReadCommands: AddCommands = (program, execute) => {
  addGet(program, execute);
  program
    .command('describe')
    .summary('everything about one thing, with what it relates to')
    .description('Shows everything about one thing: its fields, what refers to it, how the proxies see it.')
    .argument('<kind>', Object.values(KIND_NAMES).join('|'))
    .argument('<name>', 'its name; a backend’s is its address, or POOL/ADDRESS')
    .option('--pool <POOL>', 'the pool that a backend is in')
    .addHelpText(
      'after',
      examples(
        'lbctl describe pool web',
        'lbctl describe backend web/10.0.0.1:8080',
        'lbctl describe proxy edge-1',
        'lbctl describe revision 42',
      ),
    )
    .action((kind: string, name: string, options: { pool?: string }) =>
      execute(async (context, session) =>
        (await import('../commands/describe.ts')).describe(context, session, kind, name, options),
      ),
    );
  program
    .command('health')
    .summary('every backend as each proxy sees it')
    .description('Shows the state of every backend as each proxy sees it, with the reason and since when.')
    .argument('[pool]', 'only this pool')
    .option('-w, --watch', 'go on, and show what changes')
    .addHelpText('after', examples('lbctl health', 'lbctl health web --watch', 'lbctl health web -o json'))
    .action((pool: string | undefined, options: { watch?: true }) =>
      execute(async (context, session) =>
        (await import('../commands/get.ts')).health(context, session, pool, options),
      ),
    );
  program
    .command('wait')
    .summary('until every proxy runs a revision')
    .description(
      'Waits until every proxy on the roster runs at least this revision. Exits with 1 when one of them rejected it,\nwith 4 when --timeout has passed.',
    )
    .argument('<revision>', 'its number', revisionNumber)
    .addHelpText('after', examples('lbctl wait 42', 'lbctl wait 42 --timeout 2m'))
    .action((revision: string) =>
      execute(async (context, session) =>
        (await import('../commands/wait.ts')).wait(context, session, revision),
      ),
    );
};

const addGet: AddCommands = (program, execute) => {
  const command: Command = program
    .command('get')
    .summary('list things, or show one')
    .description('Lists things of a kind, or shows the one of that name.')
    .argument('<kind>', `${KINDS}, or the singular`)
    .argument('[name]', 'only this one; a backend’s name is its address, or POOL/ADDRESS')
    .option('--pool <POOL>', 'only what belongs to this pool (backends, listeners)')
    .option('-w, --watch', 'go on, and show what changes')
    .option('--limit <N>', 'at most so many revisions', integer(1, 1_000_000), 50);
  command
    .addHelpText(
      'after',
      examples(
        'lbctl get pools',
        'lbctl get backends --pool web -o wide',
        'lbctl get backend web/10.0.0.1:8080 -o json',
        'lbctl get proxies --watch',
      ),
    )
    .action(
      (kind: string, name: string | undefined, options: { pool?: string; watch?: true; limit: number }) =>
        execute(async (context, session) =>
          (await import('../commands/get.ts')).get(context, session, kind, name, options),
        ),
    );
};
