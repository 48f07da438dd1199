/** `lbctl host ...`: every backend of one host, in every pool, in one revision. */
import type { AddCommand } from '../command.ts';
import type { ChangeOptions } from '../session/change.ts';
import { changing } from './options.ts';

const STATES = [
  [
    'drain',
    'draining',
    'No new connections to the host. --wait: until no proxy has one to any of its backends, for as long as\nthe longest drain may take, or for --timeout.',
  ],
  ['enable', 'active', 'Undoes drain and disable of every backend of the host.'],
] as const;

export const addHost: AddCommand = (program, execute) => {
  const group = program
    .command('host')
    .summary('drain or enable every backend of a host')
    .description('Changes every backend with one IP address, in every pool, in one revision.');
  for (const [verb, state, description] of STATES) {
    changing(
      group
        .command(verb)
        .description(description)
        .argument('<ip>', 'an IPv4 or IPv6 address, without a port'),
      `lbctl host ${verb} 10.0.0.1 --wait`,
    ).action((ip: string, options: ChangeOptions) =>
      execute(async ({ change }) => {
        const { backendsOfHost, waitDrained } = await import('../session/wait-drained.ts');
        const { wordToWire } = await import('../../core/wire/enum-codec.ts');
        const request = { ip, state: wordToWire('BACKEND_STATE', state) };
        if (state !== 'draining') return change('pools', 'SetHostState', request, options);
        return change('pools', 'SetHostState', request, options, {
          until: async (context, session, revision) =>
            waitDrained(context, session, revision, ip, await backendsOfHost(session, ip)),
          again: () => `lbctl host drain ${ip} --wait`,
        });
      }),
    );
  }
};
