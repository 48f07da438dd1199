/** `lbctl create ...`. */
import { type Command, InvalidArgumentError } from 'commander';
import type { BackendDraft } from '../../core/model/draft.ts';
import { modelName } from '../../core/model/fields/field.ts';
import type { Parse } from '../../core/runtime/flags.ts';
import type { AddCommand } from '../command.ts';
import type { ChangeOptions } from '../session/change.ts';
import { addFieldOptions, BY_MANIFEST, resourceGiven } from './field-options.ts';
import { ADDRESS_FORM, changing, collect, maxConnections, tier, weight } from './options.ts';

export const addCreate: AddCommand = (program, execute) => {
  const create = program
    .command('create')
    .summary('create a pool, a listener or a policy')
    .description('Creates one resource. It must not exist yet; `lbctl apply` creates or replaces.');
  const add = (kind: string, description: string): Command =>
    create.command(kind).description(description).argument('<name>', 'a-z, 0-9 and -');

  const BACKEND = '--backend <ADDR[,weight=N][,tier=N][,max_connections=N]>';
  changing(
    addFieldOptions(
      add('pool', 'Creates a pool of backends.').option(
        BACKEND,
        `${ADDRESS_FORM}; repeatable`,
        collect(backendSpec),
      ),
      'pool',
    ),
    'lbctl create pool web --backend 10.0.0.1:8080,weight=2 --backend 10.0.0.2:8080 --policy steady',
    'lbctl create pool mail --backend 10.0.0.1:25,max_connections=200 --proxy-protocol v2',
  )
    .addHelpText('after', BY_MANIFEST('TLS to backends and backends by name (tls, dns)'))
    .action((name: string, { backend: backends = [], ...options }: ChangeOptions & PoolOptions) =>
      execute(async ({ change }) => {
        const { resource } = await resourceGiven('pool', name, options, { backends });
        return change('pools', 'CreatePool', resource, options);
      }),
    );
  changing(
    addFieldOptions(
      add('listener', 'Creates a listener: an address that the proxies accept connections on.'),
      'listener',
      ['address', 'pool'],
    ),
    'lbctl create listener web --address 0.0.0.0:80 --pool web --wait',
    'lbctl create listener ssh --address 0.0.0.0:22 --pool ssh --deny 192.0.2.0/24 --limit-per-source 10',
  )
    .addHelpText('after', BY_MANIFEST('Routes by name and TLS (routes, tls)'))
    .action((name: string, options: ChangeOptions) =>
      execute(async ({ change }) => {
        const { resource } = await resourceGiven('listener', name, options);
        return change('listeners', 'CreateListener', resource, options);
      }),
    );
  changing(
    addFieldOptions(add('policy', 'Creates a policy. What is left out takes its default.'), 'policy'),
    'lbctl create policy steady --strategy least_connections --interval 2s',
  ).action((name: string, options: ChangeOptions) =>
    execute(async ({ change }) => {
      const { resource } = await resourceGiven('policy', name, options);
      return change('policies', 'CreatePolicy', resource, options);
    }),
  );
};

interface PoolOptions {
  readonly backend?: BackendDraft[];
}

const PLACES: Readonly<Record<string, Parse<number>>> = { weight, tier, max_connections: maxConnections };

/** `10.0.0.1:80` or `10.0.0.1:80,weight=2,tier=1,max_connections=100`. */
const backendSpec: Parse<BackendDraft> = (text) => {
  const [address = '', ...rest] = text.split(',');
  const places = rest.map((part): [string, number] => {
    const [name = '', number = ''] = part.split('=', 2);
    const parse = Object.hasOwn(PLACES, name) ? PLACES[name] : undefined;
    if (parse === undefined)
      throw new InvalidArgumentError('Use IP:PORT or IP:PORT,weight=N,tier=N,max_connections=N.');
    return [modelName(name, false), parse(number)];
  });
  return { address, ...Object.fromEntries(places) };
};
