/** `lbctl export`. */
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
        const manifests = resources.flatMap((wire) => {
          const draft = resourceDraftFromWire(wire, '', []);
          return draft ? [toManifest(draft)] : [];
        });
        context.stdout.write(
          context.format === 'json'
            ? jsonText(manifests)
            : manifests.map((manifest) => yamlText(manifest)).join('---\n'),
        );
        return EXIT.done;
      }),
    );
};
