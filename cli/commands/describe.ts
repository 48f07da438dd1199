/** `lbctl describe`: one thing on a page, with what it relates to. */
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { describeBackend } from '../kinds/describe-backend.ts';
import { describeListener, describePolicy, describePool } from '../kinds/describe-resource.ts';
import { describeProxy, describeRevision } from '../kinds/describe-proxy.ts';
import { KIND_NAMES, type KindName, requireKind } from '../kinds/names.ts';
import type { Describer } from '../kinds/page.ts';
import { emitStructured } from '../output/emit.ts';
import { pageText } from '../output/page.ts';
import type { Session } from '../session/session.ts';

const DESCRIBERS: Readonly<Record<KindName, Describer>> = {
  listeners: describeListener,
  pools: describePool,
  policies: describePolicy,
  backends: describeBackend,
  proxies: describeProxy,
  revisions: describeRevision,
};

export async function describe(
  context: Context,
  session: Session,
  word: string,
  name: string,
  options: { readonly pool?: string },
): Promise<ExitCode> {
  const kind = requireKind(word, Object.keys(KIND_NAMES) as KindName[]);
  const page = await DESCRIBERS[kind](session, context, name, options.pool);
  if (emitStructured(context, page.plain)) return EXIT.done;
  context.stdout.write(
    context.format === 'name' ? `${KIND_NAMES[kind]}/${page.name}\n` : pageText(page, context.style),
  );
  return EXIT.done;
}
