/** `lbctl set ...`: some fields of a resource; the others stay. */
import type { Command } from 'commander';
import type { AddCommand } from '../command.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ChangeOptions } from '../session/change.ts';
import { addFieldOptions, BY_MANIFEST, resourceGiven } from './field-options.ts';
import { changing } from './options.ts';

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
    addFieldOptions(add('policy', 'Changes fields of a policy.'), 'policy'),
    'lbctl set policy default --strategy least_connections',
    'lbctl set policy steady --interval 2s --unhealthy-threshold 5 --wait',
  ).action((name: string, options: ChangeOptions) =>
    execute(async ({ change }) => {
      const { resource, paths } = await resourceGiven('policy', name, options);
      return change('policies', 'UpdatePolicy', { ...resource, updateMask: maskOf(paths) }, options);
    }),
  );
  changing(
    addFieldOptions(add('pool', 'Changes fields of a pool. For its backends use lbctl backend.'), 'pool'),
    'lbctl set pool web --policy steady',
    'lbctl set pool web --queue-length 100 --queue-timeout 2s',
  )
    .addHelpText('after', BY_MANIFEST('TLS to backends and backends by name (tls, dns)'))
    .action((name: string, options: ChangeOptions) =>
      execute(async ({ change }) => {
        const { resource, paths } = await resourceGiven('pool', name, options);
        return change('pools', 'UpdatePool', { ...resource, updateMask: maskOf(paths) }, options);
      }),
    );
  changing(
    addFieldOptions(add('listener', 'Changes fields of a listener.'), 'listener'),
    'lbctl set listener web --pool green --wait    # blue/green in one step',
    'lbctl set listener ssh --allow 10.0.0.0/8,2001:db8::/32',
  )
    .addHelpText('after', BY_MANIFEST('Routes by name and TLS (routes, tls)'))
    .action((name: string, options: ChangeOptions) =>
      execute(async ({ change }) => {
        const { resource, paths } = await resourceGiven('listener', name, options);
        return change('listeners', 'UpdateListener', { ...resource, updateMask: maskOf(paths) }, options);
      }),
    );
};

/** An update that names no field would replace the whole resource. */
function maskOf(paths: string[]): { paths: string[] } {
  if (paths.length > 0) return { paths };
  throw new CliError(EXIT.usage, 'nothing to set; name at least one field (--help lists them)');
}
