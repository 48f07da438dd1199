/** `lbctl export`. */
import { type Violation, violationText } from '../../core/model/violation.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { AddCommand } from '../command.ts';
import { EXIT } from '../exit.ts';
import { examples } from './options.ts';

export const addExport: AddCommand = (program, execute) => {
  program
    .command('export')
    .summary('the whole configuration as manifests')
    .description('Writes the whole configuration as manifests that apply recreates it from.')
    .addHelpText('after', examples('lbctl export > all.yaml', 'lbctl export -o json'))
    .action(() =>
      execute(async ({ context, session }) => {
        const { resourceDraftFromWire } = await import('../../core/wire/resource-codec.ts');
        const { toManifest } = await import('../manifest/shape.ts');
        const { jsonText, yamlText } = await import('../output/emit.ts');
        const { resources } = await session.read('config', 'Export', {});
        const unknown: Violation[] = [];
        const manifests = resources.flatMap((wire, index) => {
          const draft = resourceDraftFromWire(wire, `resources[${index}]`, unknown);
          return draft ? [toManifest(draft)] : [];
        });
        // To apply a file without it would remove it.
        if (unknown[0]) {
          const message = `The control plane is newer than this lbctl, which can't export all of it (${violationText(unknown[0])}); use a newer lbctl.`;
          throw new LbError('FAILED_PRECONDITION', message);
        }
        context.stdout.write(
          context.format === 'json'
            ? jsonText(manifests)
            : manifests.map((manifest) => yamlText(manifest)).join('---\n'),
        );
        return EXIT.done;
      }),
    );
};
