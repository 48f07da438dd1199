/** `lbctl history`, `show`, `diff REV REV` and `rollback`: earlier revisions. */
import type { Context } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { listRevisions, revisionFacts, revisionPlain } from '../kinds/revisions.ts';
import { changePlain, differenceText, printDifference } from '../output/difference.ts';
import { emitStructured } from '../output/emit.ts';
import { printListing } from '../output/listing.ts';
import { pageText } from '../output/page.ts';
import { type ChangeOptions, changeFields } from '../session/change-fields.ts';
import type { Session } from '../session/session.ts';
import { finishChange } from '../session/change.ts';

export async function history(
  context: Context,
  session: Session,
  options: { readonly limit: number },
): Promise<ExitCode> {
  printListing(context, 'revision', await listRevisions(session, context, options));
  return EXIT.done;
}

export async function show(context: Context, session: Session, name: string): Promise<ExitCode> {
  const { revision, changes } = await session.read('config', 'GetRevision', { revision: name });
  if (revision === null) throw new CliError(EXIT.failed, `the control plane gave no revision ${name}`);
  const plain = { ...revisionPlain(revision), changes: changes.map(changePlain) };
  if (emitStructured(context, plain)) return EXIT.done;
  if (context.format === 'name') {
    context.stdout.write(`revision/${revision.revision}\n`);
    return EXIT.done;
  }
  const page = { name, plain, facts: revisionFacts(revision), tables: [] };
  context.stdout.write(`${pageText(page, context.style)}\n${differenceText(changes, context.style)}`);
  return EXIT.done;
}

export async function diffRevisions(
  context: Context,
  session: Session,
  fromRevision: string,
  toRevision: string,
): Promise<ExitCode> {
  const { changes } = await session.read('config', 'DiffRevisions', { fromRevision, toRevision });
  printDifference(context, changes);
  return changes.length === 0 ? EXIT.done : EXIT.different;
}

export async function rollback(
  context: Context,
  session: Session,
  revision: string,
  options: ChangeOptions,
): Promise<ExitCode> {
  const request = { revision, ...changeFields(context, options) };
  return finishChange(context, session, await session.change('config', 'Rollback', request), options);
}
