/** `lbctl apply` and `lbctl diff -f`. */
import { resourceDraftToWire } from '../../core/wire/resource-codec.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { loadManifests, type Manifests, traced } from '../manifest/load.ts';
import { printDifference } from '../output/difference.ts';
import { type ChangeOptions, changeFields } from '../session/change-fields.ts';
import type { Session } from '../session/session.ts';
import { finishChange } from '../session/change.ts';

export interface ApplyOptions extends ChangeOptions {
  readonly file: readonly string[];
  readonly prune?: true;
}

export async function apply(context: Context, session: Session, options: ApplyOptions): Promise<ExitCode> {
  const manifests = await loadManifests(options.file, context.stdin);
  return finishChange(context, session, await send(context, session, manifests, options), options);
}

export async function diff(context: Context, session: Session, options: ApplyOptions): Promise<ExitCode> {
  const manifests = await loadManifests(options.file, context.stdin);
  const { changes } = await send(context, session, manifests, { ...options, dryRun: true });
  printDifference(context, changes);
  return changes.length === 0 ? EXIT.done : EXIT.different;
}

async function send(
  context: Context,
  session: Session,
  { drafts, places }: Manifests,
  options: ApplyOptions,
) {
  const request = {
    resources: drafts.map(resourceDraftToWire),
    prune: options.prune ?? false,
    ...changeFields(context, options),
  };
  try {
    return await session.change('config', 'Apply', request);
  } catch (error) {
    throw traced(error, places);
  }
}
