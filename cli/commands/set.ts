/** `lbctl set ...`: some fields of a resource; the others stay. */
import type { Command } from 'commander';
import type { AddCommand } from '../command.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ChangeOptions } from '../session/change.ts';
import { ADDRESS_FORM, changing } from './options.ts';
import { addPolicyOptions, policyFields } from './policy-options.ts';

export const addSet: AddCommand = (program, execute) => {
  const set = program
    .command('set')
    .summary('change fields of a policy, a pool or a listener')
    .description(
      'Changes the fields that are named; the others stay. Proxies take them over without a restart.',
    );
  const add = (kind: string, description: string): Command =>
    set.command(kind).description(description).argument('<name>', `name of the ${kind}`);

  changing(
    addPolicyOptions(add('policy', 'Changes fields of a policy.')),
    'lbctl set policy default --strategy least_connections',
    'lbctl set policy steady --interval 2s --unhealthy-threshold 5 --wait',
  ).action((name: string, options: ChangeOptions) =>
    execute(async ({ change }) => {
      const { policyDraftToWire } = await import('../../core/wire/resource-codec.ts');
      const { draft, paths } = policyFields(options);
      const request = { policy: policyDraftToWire({ ...draft, name }), updateMask: maskOf(paths) };
      return change('policies', 'UpdatePolicy', request, options);
    }),
  );
  changing(
    add('pool', 'Changes the policy of a pool. For its backends use lbctl backend.').requiredOption(
      '--policy <POLICY>',
      'the policy it follows from now on',
    ),
    'lbctl set pool web --policy steady',
  ).action((name: string, { policy, ...options }: ChangeOptions & { policy: string }) =>
    execute(({ change }) =>
      change('pools', 'UpdatePool', { pool: { name, policy }, updateMask: maskOf(['policy']) }, options),
    ),
  );
  changing(
    add('listener', 'Changes the pool or the address of a listener.')
      .option('--pool <POOL>', 'the pool that serves it from now on')
      .option('--address <ADDR>', ADDRESS_FORM),
    'lbctl set listener web --pool green --wait    # blue/green in one step',
  ).action(
    (name: string, { pool, address, ...options }: ChangeOptions & { pool?: string; address?: string }) =>
      execute(({ change }) => {
        const fields = { ...(pool !== undefined && { pool }), ...(address !== undefined && { address }) };
        const request = { listener: { name, ...fields }, updateMask: maskOf(Object.keys(fields)) };
        return change('listeners', 'UpdateListener', request, options);
      }),
  );
};

/** An update that names no field would replace the whole resource. */
function maskOf(paths: string[]): { paths: string[] } {
  if (paths.length > 0) return { paths };
  throw new CliError(EXIT.usage, 'nothing to set; name at least one field (--help lists them)');
}
