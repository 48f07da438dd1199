/** Commands that are planned and not there yet: who tries one is told so. */
import type { Command } from 'commander';

const ABSENT = ['top'];

/** Adds them where neither help nor completion shows them. */
export function addAbsentCommands(program: Command): void {
  for (const name of ABSENT) {
    program
      .command(name, { hidden: true })
      .helpOption(false)
      .argument('[words...]')
      .allowUnknownOption()
      .action(() => program.error(`error: lbctl ${name} is not in this version`));
  }
}
