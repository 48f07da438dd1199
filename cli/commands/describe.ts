/** `lbctl describe`. */
import type { AddCommand } from '../command.ts';
import { EXIT } from '../exit.ts';
import { KIND_NAMES, KINDS, requireKind } from '../kinds/kind-names.ts';
import { examples } from './options.ts';

export const addDescribe: AddCommand = (program, execute) => {
  program
    .command('describe')
    .summary('everything about one thing, with what it relates to')
    .description('Shows everything about one thing: its fields, what refers to it, how the proxies see it.')
    .argument('<kind>', Object.values(KIND_NAMES).join('|'))
    .argument('<name>', 'its name; a backend’s is its address, or POOL/ADDRESS')
    .option('--pool <POOL>', 'the pool that a backend is in')
    .addHelpText(
      'after',
      examples(
        'lbctl describe pool web',
        'lbctl describe backend web/10.0.0.1:8080',
        'lbctl describe proxy edge-1',
        'lbctl describe revision 42',
      ),
    )
    .action((word: string, name: string, { pool }: { pool?: string }) =>
      execute(async ({ context, session }) => {
        const { KIND_VIEWS } = await import('../kinds/kinds.ts');
        const { printPage } = await import('../output/page.ts');
        const kind = requireKind(word, KINDS);
        const page = await KIND_VIEWS[kind].describe(session, context, name, pool);
        printPage(context, KIND_NAMES[kind], page);
        return EXIT.done;
      }),
    );
};
