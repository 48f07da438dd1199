/** `lbctl export`: what `lbctl apply` recreates. */
import { resourceDraftFromWire } from '../../core/wire/resource-codec.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { toManifest } from '../manifest/print.ts';
import { yamlText } from '../output/emit.ts';
import type { Session } from '../session/session.ts';

export async function exportAll(context: Context, session: Session): Promise<ExitCode> {
  const { resources } = await session.read('config', 'Export', {});
  const manifests = resources.flatMap((wire) => {
    const draft = resourceDraftFromWire(wire, '', []);
    return draft ? [toManifest(draft)] : [];
  });
  context.stdout.write(
    context.format === 'json'
      ? `${JSON.stringify(manifests, null, 2)}\n`
      : manifests.map((manifest) => yamlText(manifest)).join('---\n'),
  );
  return EXIT.done;
}
