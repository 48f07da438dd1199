/** `lbctl create`. */
import type { BackendDraft, PolicyDraft } from '../../core/model/draft.ts';
import { policyDraftToWire } from '../../core/wire/policy-codec.ts';
import { listenerToWire, poolDraftToWire } from '../../core/wire/resource-codec.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { type ChangeOptions, changeFields } from '../session/change-fields.ts';
import type { Session } from '../session/session.ts';
import { finishChange } from '../session/change.ts';
import { type PolicyOptions, policyFields } from './policy-options.ts';

export async function createPool(
  context: Context,
  session: Session,
  name: string,
  options: ChangeOptions & { readonly policy?: string; readonly backend?: readonly BackendDraft[] },
): Promise<ExitCode> {
  const { policy, backend: backends = [] } = options;
  const pool = poolDraftToWire({ name, backends, ...(policy !== undefined && { policy }) });
  const request = { pool, ...changeFields(context, options) };
  return finishChange(context, session, await session.change('pools', 'CreatePool', request), options);
}

export async function createListener(
  context: Context,
  session: Session,
  name: string,
  options: ChangeOptions & { readonly address: string; readonly pool: string },
): Promise<ExitCode> {
  const { address, pool } = options;
  const request = { listener: listenerToWire({ name, address, pool }), ...changeFields(context, options) };
  return finishChange(
    context,
    session,
    await session.change('listeners', 'CreateListener', request),
    options,
  );
}

export async function createPolicy(
  context: Context,
  session: Session,
  name: string,
  options: ChangeOptions & PolicyOptions,
): Promise<ExitCode> {
  const draft: PolicyDraft = { ...policyFields(options).draft, name };
  const request = { policy: policyDraftToWire(draft), ...changeFields(context, options) };
  return finishChange(context, session, await session.change('policies', 'CreatePolicy', request), options);
}
