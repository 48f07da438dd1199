/** `lbctl backend`: one backend of a pool. */
import type { BackendDraft } from '../../core/model/draft.ts';
import { backendDraftToWire } from '../../core/wire/resource-codec.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { type ChangeOptions, changeFields } from '../session/change-fields.ts';
import { waitDrained } from '../session/drained.ts';
import type { Session } from '../session/session.ts';
import { finishChange } from '../session/change.ts';

export async function addBackend(
  context: Context,
  session: Session,
  pool: string,
  address: string,
  options: ChangeOptions & { readonly weight?: number },
): Promise<ExitCode> {
  const { weight } = options;
  const backend = backendDraftToWire({ address, ...(weight !== undefined && { weight }) });
  const request = { pool, backends: [backend], ...changeFields(context, options) };
  return finishChange(context, session, await session.change('pools', 'AddBackends', request), options);
}

export async function removeBackends(
  context: Context,
  session: Session,
  pool: string,
  addresses: readonly string[],
  options: ChangeOptions,
): Promise<ExitCode> {
  const request = { pool, addresses: [...addresses], ...changeFields(context, options) };
  return finishChange(context, session, await session.change('pools', 'RemoveBackends', request), options);
}

export async function setWeight(
  context: Context,
  session: Session,
  pool: string,
  address: string,
  options: ChangeOptions & { readonly weight?: number },
): Promise<ExitCode> {
  const { weight } = options;
  if (weight === undefined) throw new CliError(EXIT.usage, 'nothing to set; name --weight N');
  return finishChange(
    context,
    session,
    await update(context, session, pool, { address, weight }, options),
    options,
  );
}

/** With --wait, a drain is done when no proxy has a connection to the backend, not only when all know of it. */
export async function setState(
  context: Context,
  session: Session,
  pool: string,
  address: string,
  state: NonNullable<BackendDraft['state']>,
  options: ChangeOptions,
): Promise<ExitCode> {
  const result = await update(context, session, pool, { address, state }, options);
  if (state !== 'draining') return finishChange(context, session, result, options);
  return finishChange(context, session, result, options, (context, session, revision) =>
    waitDrained(context, session, revision, pool, address),
  );
}

function update(
  context: Context,
  session: Session,
  pool: string,
  backend: BackendDraft,
  options: ChangeOptions,
) {
  const request = { pool, backend: backendDraftToWire(backend), ...changeFields(context, options) };
  return session.change('pools', 'UpdateBackend', request);
}
