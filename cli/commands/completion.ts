/** `lbctl completion`. */
import { Argument } from 'commander';
import type { AddCommand } from '../command.ts';
import { COMPLETION_SCRIPTS, SHELLS, type Shell } from '../completion/scripts.ts';
import { EXIT } from '../exit.ts';
import { examples } from './options.ts';

export const addCompletion: AddCommand = (program, execute) => {
  program
    .command('completion')
    .summary('a script that completes commands, options and names')
    .description('Prints a script that makes the shell complete commands, options, kinds and names.')
    .addArgument(new Argument('<shell>', 'the shell it is for').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        'source <(lbctl completion bash)       # or in ~/.bashrc',
        'source <(lbctl completion zsh)        # in ~/.zshrc, after compinit',
        'lbctl completion fish | source        # or in ~/.config/fish/config.fish',
      ),
    )
    .action((shell: Shell) =>
      execute(async ({ context }) => {
        context.stdout.write(COMPLETION_SCRIPTS[shell]);
        return EXIT.done;
      }),
    );
};
