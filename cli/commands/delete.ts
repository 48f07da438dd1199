/** `lbctl delete`. */
import type { AddCommand, CommandRun } from '../command.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { requireKind } from '../kinds/kind-names.ts';
import type { ChangeOptions } from '../session/change.ts';
import { changing } from './options.ts';

const DELETABLE = ['listeners', 'pools', 'policies', 'backends', 'proxies'] as const;

export const addDelete: AddCommand = (program, execute) => {
  const command = program
    .command('delete')
    .summary('delete a resource, or forget a proxy')
    .description('Deletes a resource that nothing refers to, or forgets a proxy that is gone for good.')
    .argument('<kind>', 'listener|pool|policy|backend|proxy')
    .argument('<name>', 'its name; a backend’s is POOL/ADDRESS')
    .option('--pool <POOL>', 'the pool that a backend is in');
  changing(command, 'lbctl delete listener web', 'lbctl delete pool web', 'lbctl delete proxy edge-1').action(
    (word: string, name: string, { pool, ...options }: ChangeOptions & { pool?: string }) =>
      execute(async (run) => {
        switch (requireKind(word, DELETABLE)) {
          case 'listeners':
            return run.change('listeners', 'DeleteListener', { name }, options);
          case 'pools':
            return run.change('pools', 'DeletePool', { name }, options);
          case 'policies':
            return run.change('policies', 'DeletePolicy', { name }, options);
          case 'backends': {
            const [of, address] = splitBackend(name, pool);
            return run.change('pools', 'RemoveBackends', { pool: of, addresses: [address] }, options);
          }
          case 'proxies':
            return forgetProxy(run, name, options);
        }
      }),
  );
};

function splitBackend(name: string, pool: string | undefined): [pool: string, address: string] {
  if (pool !== undefined) return [pool, name];
  const slash = name.indexOf('/');
  if (slash > 0) return [name.slice(0, slash), name.slice(slash + 1)];
  throw new CliError(EXIT.usage, `say which pool ${name} is in: delete backend POOL/ADDRESS, or --pool POOL`);
}

/** The roster is not part of the configuration: there is no revision, and nothing to wait for. */
async function forgetProxy(
  { context, session }: CommandRun,
  proxyId: string,
  { dryRun, wait }: ChangeOptions,
): Promise<ExitCode> {
  if (dryRun || wait) {
    throw new CliError(EXIT.usage, 'a proxy is forgotten at once: --dry-run and --wait do not apply to it');
  }
  await session.read('fleet', 'DeleteProxy', { proxyId });
  const { emitStructured } = await import('../output/emit.ts');
  const { printLines } = await import('../output/lines.ts');
  if (!emitStructured(context, { kind: 'proxy', name: proxyId, deleted: true })) {
    printLines(context, [context.format === 'name' ? `proxy/${proxyId}` : `proxy ${proxyId} is forgotten`]);
  }
  return EXIT.done;
}
