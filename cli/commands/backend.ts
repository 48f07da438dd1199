/** `lbctl backend ...`: one backend of a pool. */
import type { BackendDraft } from '../../core/model/draft.ts';
import type { BackendState } from '../../core/model/resources.ts';
import type { AddCommand } from '../command.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ChangeOptions } from '../session/change.ts';
import { ADDRESS_FORM, addPlace, changing } from './options.ts';

type PlaceOptions = ChangeOptions & Pick<BackendDraft, 'weight' | 'tier' | 'maxConnections'>;

const STATE_COMMANDS: readonly (readonly [string, BackendState, description: string, example: string])[] = [
  [
    'drain',
    'draining',
    'Gives it no new connections; open ones may finish within the policy’s drain timeout.\nWith --wait: until no proxy has a connection to it, for as long as the\ndrain may take, or for --timeout.',
    'lbctl backend drain web 10.0.0.1:8080 --wait',
  ],
  ['disable', 'disabled', 'Drains it, and stops its checks.', 'lbctl backend disable web 10.0.0.1:8080'],
  ['enable', 'active', 'Undoes drain or disable.', 'lbctl backend enable web 10.0.0.1:8080'],
];

export const addBackend: AddCommand = (program, execute) => {
  const group = program
    .command('backend')
    .summary('add, remove, set, drain, disable or enable a backend of a pool')
    .description(`Changes one backend of a pool. A backend is named by its address, ${ADDRESS_FORM}.`);
  const add = (verb: string, description: string) =>
    group
      .command(verb)
      .description(description)
      .argument('<pool>', 'the pool it is in')
      .argument('<address>', ADDRESS_FORM);

  changing(
    addPlace(add('add', 'Adds a backend. It gets connections after its first passing health check.')),
    'lbctl backend add web 10.0.0.3:8080 --weight 2',
  ).action((pool: string, address: string, options: PlaceOptions) =>
    execute(({ change }) => {
      const backends = [{ address, ...placeIn(options) }];
      return change('pools', 'AddBackends', { pool, backends }, options);
    }),
  );
  changing(
    add('remove', 'Removes a backend. Open connections drain.'),
    'lbctl backend remove web 10.0.0.3:8080',
  ).action((pool: string, address: string, options: ChangeOptions) =>
    execute(({ change }) => change('pools', 'RemoveBackends', { pool, addresses: [address] }, options)),
  );
  changing(
    addPlace(add('set', 'Changes the weight, the tier or the limit of a backend.')),
    'lbctl backend set web 10.0.0.3:8080 --weight 0',
    'lbctl backend set web 10.0.0.4:8080 --tier 1    # only while nothing of tier 0 is healthy',
  ).action((pool: string, address: string, options: PlaceOptions) =>
    execute(({ change }) => {
      const fields = placeIn(options);
      if (Object.keys(fields).length === 0) {
        throw new CliError(EXIT.usage, 'nothing to set; name --weight N, --tier N or --max-connections N');
      }
      return change('pools', 'UpdateBackend', { pool, backend: { address, ...fields } }, options);
    }),
  );
  for (const [verb, state, description, example] of STATE_COMMANDS) {
    changing(add(verb, description), example).action(
      (pool: string, address: string, options: ChangeOptions) =>
        execute(async ({ change }) => {
          const { wordToWire } = await import('../../core/wire/enum-codec.ts');
          const request = { pool, backend: { address, state: wordToWire('BACKEND_STATE', state) } };
          if (state !== 'draining') return change('pools', 'UpdateBackend', request, options);
          // Draining is done when no proxy has a connection to the backend, not as soon as all of them know of it.
          const { waitDrained } = await import('../session/wait-drained.ts');
          return change('pools', 'UpdateBackend', request, options, {
            until: (context, session, revision) =>
              waitDrained(context, session, revision, address, [{ pool, address }]),
            again: () => `lbctl backend drain ${pool} ${address} --wait`,
          });
        }),
    );
  }
};

function placeIn({ weight, tier, maxConnections }: PlaceOptions) {
  return {
    ...(weight !== undefined && { weight }),
    ...(tier !== undefined && { tier }),
    ...(maxConnections !== undefined && { maxConnections }),
  };
}
