/** `lbctl backend ...`. */
import type { Command } from 'commander';
import type { BackendState } from '../../core/model/resources.ts';
import type { ChangeOptions } from '../session/change-fields.ts';
import type { AddCommands } from '../command.ts';
import { addChangeOptions, addWeight, examples } from '../commands/options.ts';

type WeightOptions = ChangeOptions & { weight?: number };
const load = () => import('../commands/backend.ts');

const STATE_COMMANDS: readonly {
  readonly verb: string;
  readonly state: BackendState;
  readonly description: string;
  readonly example: string;
}[] = [
  {
    verb: 'drain',
    state: 'draining',
    description:
      'Gives it no new connections; open ones may finish within the policy’s drain timeout.\nWith --wait: until no proxy has a connection to it.',
    example: 'lbctl backend drain web 10.0.0.1:8080 --wait --timeout 5m',
  },
  {
    verb: 'disable',
    state: 'disabled',
    description: 'Drains it, and stops its health checks.',
    example: 'lbctl backend disable web 10.0.0.1:8080',
  },
  {
    verb: 'enable',
    state: 'active',
    description: 'Undoes drain or disable.',
    example: 'lbctl backend enable web 10.0.0.1:8080',
  },
];

export const addBackendCommands: AddCommands = (program, execute) => {
  const backend = program
    .command('backend')
    .summary('add, remove, set, drain, disable or enable a backend of a pool')
    .description(
      'Changes one backend of a pool. A backend is named by its address, IP:PORT, for IPv6 [IP]:PORT.',
    );
  const verb = (name: string, description: string) =>
    backend
      .command(name)
      .description(description)
      .argument('<pool>', 'the pool it is in')
      .argument('<address>', 'IP:PORT, for IPv6 [IP]:PORT');
  const changing = (command: Command, example: string) =>
    addChangeOptions(command).addHelpText('after', examples(example));

  changing(
    addWeight(verb('add', 'Adds a backend. It gets connections after its first passing health check.')),
    'lbctl backend add web 10.0.0.3:8080 --weight 2',
  ).action((pool: string, address: string, options: WeightOptions) =>
    execute(async (context, session) => (await load()).addBackend(context, session, pool, address, options)),
  );
  changing(
    verb('remove', 'Removes a backend. Open connections drain.'),
    'lbctl backend remove web 10.0.0.3:8080',
  ).action((pool: string, address: string, options: ChangeOptions) =>
    execute(async (context, session) =>
      (await load()).removeBackends(context, session, pool, [address], options),
    ),
  );
  changing(
    addWeight(verb('set', 'Changes the weight of a backend.')),
    'lbctl backend set web 10.0.0.3:8080 --weight 0',
  ).action((pool: string, address: string, options: WeightOptions) =>
    execute(async (context, session) => (await load()).setWeight(context, session, pool, address, options)),
  );
  for (const { verb: name, state, description, example } of STATE_COMMANDS) {
    changing(verb(name, description), example).action(
      (pool: string, address: string, options: ChangeOptions) =>
        execute(async (context, session) =>
          (await load()).setState(context, session, pool, address, state, options),
        ),
    );
  }
};
