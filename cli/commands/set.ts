/** `lbctl set`: some fields of a resource, the others stay. */
import { policyDraftToWire } from '../../core/wire/policy-codec.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { type ChangeOptions, changeFields } from '../session/change-fields.ts';
import type { Session } from '../session/session.ts';
import { finishChange } from '../session/change.ts';
import { type PolicyOptions, policyFields } from './policy-options.ts';

export async function setPolicy(
  context: Context,
  session: Session,
  name: string,
  options: ChangeOptions & PolicyOptions,
): Promise<ExitCode> {
  const { draft, paths } = policyFields(options);
  const request = {
    policy: policyDraftToWire({ ...draft, name }),
    updateMask: { paths: some(paths) },
    ...changeFields(context, options),
  };
  return finishChange(context, session, await session.change('policies', 'UpdatePolicy', request), options);
}

export async function setPool(
  context: Context,
  session: Session,
  name: string,
  options: ChangeOptions & { readonly policy: string },
): Promise<ExitCode> {
  const request = {
    pool: { name, policy: options.policy },
    updateMask: { paths: ['policy'] },
    ...changeFields(context, options),
  };
  return finishChange(context, session, await session.change('pools', 'UpdatePool', request), options);
}

export async function setListener(
  context: Context,
  session: Session,
  name: string,
  options: ChangeOptions & { readonly pool?: string; readonly address?: string },
): Promise<ExitCode> {
  const { pool, address } = options;
  const fields = { ...(pool !== undefined && { pool }), ...(address !== undefined && { address }) };
  const request = {
    listener: { name, ...fields },
    updateMask: { paths: some(Object.keys(fields)) },
    ...changeFields(context, options),
  };
  return finishChange(
    context,
    session,
    await session.change('listeners', 'UpdateListener', request),
    options,
  );
}

/** An update of no field would replace the whole resource. */
function some(paths: readonly string[]): string[] {
  if (paths.length === 0)
    throw new CliError(EXIT.usage, 'nothing to set; name at least one field (--help lists them)');
  return [...paths];
}
