/** `lbctl create ...`. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Parse } from '../../core/runtime/flags.ts';
import type { Backend as WireBackend } from '../../core/wire/generated/lb/v1/Backend.ts';
import type { AddCommand } from '../command.ts';
import type { ChangeOptions } from '../session/change.ts';
import { ADDRESS_FORM, changing, collect, tier, weight } from './options.ts';
import { addPolicyOptions, policyFields } from './policy-options.ts';

export const addCreate: AddCommand = (program, execute) => {
  const create = program
    .command('create')
    .summary('create a pool, a listener or a policy')
    .description('Creates one resource. It must not exist yet; `lbctl apply` creates or replaces.');
  const add = (kind: string, description: string): Command =>
    create.command(kind).description(description).argument('<name>', 'a-z, 0-9 and -');

  changing(
    add('pool', 'Creates a pool of backends.')
      .option('--backend <ADDR[,weight=N][,tier=N]>', `${ADDRESS_FORM}; repeatable`, collect(backendSpec))
      .option('--policy <POLICY>', 'the policy it follows (left out: default)'),
    'lbctl create pool web --backend 10.0.0.1:8080,weight=2 --backend 10.0.0.2:8080 --policy steady',
  ).action((name: string, { policy = '', backend: backends = [], ...options }: ChangeOptions & PoolOptions) =>
    execute(({ change }) => change('pools', 'CreatePool', { pool: { name, policy, backends } }, options)),
  );
  changing(
    add('listener', 'Creates a listener: an address that the proxies accept connections on.')
      .requiredOption('--address <ADDR>', ADDRESS_FORM)
      .requiredOption('--pool <POOL>', 'the pool that serves it'),
    'lbctl create listener web --address 0.0.0.0:80 --pool web --wait',
  ).action((name: string, { address, pool, ...options }: ChangeOptions & { address: string; pool: string }) =>
    execute(({ change }) =>
      change('listeners', 'CreateListener', { listener: { name, address, pool } }, options),
    ),
  );
  changing(
    addPolicyOptions(add('policy', 'Creates a policy. What is left out takes its default.')),
    'lbctl create policy steady --strategy least_connections --interval 2s',
  ).action((name: string, options: ChangeOptions) =>
    execute(async ({ change }) => {
      const { policyDraftToWire } = await import('../../core/wire/resource-codec.ts');
      const policy = policyDraftToWire({ ...policyFields(options).draft, name });
      return change('policies', 'CreatePolicy', { policy }, options);
    }),
  );
};

interface PoolOptions {
  readonly policy?: string;
  readonly backend?: WireBackend[];
}

const PLACES: Readonly<Record<string, Parse<number>>> = { weight, tier };

/** `10.0.0.1:80` or `10.0.0.1:80,weight=2,tier=1`. */
const backendSpec: Parse<WireBackend> = (text) => {
  const [address = '', ...rest] = text.split(',');
  const places = rest.map((part): [string, number] => {
    const [name = '', number = ''] = part.split('=', 2);
    const parse = Object.hasOwn(PLACES, name) ? PLACES[name] : undefined;
    if (parse === undefined) throw new InvalidArgumentError('Use IP:PORT or IP:PORT,weight=N,tier=N.');
    return [name, parse(number)];
  });
  return { address, ...Object.fromEntries(places) };
};
