/** `lbctl delete`. */
import type { Context } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { requireKind } from '../kinds/names.ts';
import { emitStructured } from '../output/emit.ts';
import { type ChangeOptions, changeFields } from '../session/change-fields.ts';
import type { Session } from '../session/session.ts';
import { removeBackends } from './backend.ts';
import { finishChange } from '../session/change.ts';

export interface DeleteOptions extends ChangeOptions {
  readonly pool?: string;
}

export async function deleteOne(
  context: Context,
  session: Session,
  word: string,
  name: string,
  options: DeleteOptions,
): Promise<ExitCode> {
  const kind = requireKind(word, ['listeners', 'pools', 'policies', 'backends', 'proxies']);
  const request = { name, ...changeFields(context, options) };
  switch (kind) {
    case 'listeners':
      return finishChange(
        context,
        session,
        await session.change('listeners', 'DeleteListener', request),
        options,
      );
    case 'pools':
      return finishChange(context, session, await session.change('pools', 'DeletePool', request), options);
    case 'policies':
      return finishChange(
        context,
        session,
        await session.change('policies', 'DeletePolicy', request),
        options,
      );
    case 'backends': {
      const { pool, address } = splitBackend(name, options.pool);
      return removeBackends(context, session, pool, [address], options);
    }
    case 'proxies':
      return forgetProxy(context, session, name, options);
  }
}

function splitBackend(name: string, pool: string | undefined): { pool: string; address: string } {
  if (pool !== undefined) return { pool, address: name };
  const slash = name.indexOf('/');
  if (slash > 0) return { pool: name.slice(0, slash), address: name.slice(slash + 1) };
  throw new CliError(EXIT.usage, `say which pool ${name} is in: delete backend POOL/ADDRESS, or --pool POOL`);
}

/** The roster is no configuration: there is no revision, and nothing to wait for. */
async function forgetProxy(
  context: Context,
  session: Session,
  proxyId: string,
  options: ChangeOptions,
): Promise<ExitCode> {
  if (options.dryRun || options.wait) {
    throw new CliError(EXIT.usage, 'a proxy is forgotten at once: --dry-run and --wait mean nothing here');
  }
  await session.read('fleet', 'DeleteProxy', { proxyId });
  if (!emitStructured(context, { kind: 'proxy', name: proxyId, deleted: true })) {
    context.stdout.write(
      context.format === 'name' ? `proxy/${proxyId}\n` : `proxy ${proxyId} is forgotten\n`,
    );
  }
  return EXIT.done;
}
