/** `get revisions`. */
import type { Revision__Output } from '../../core/wire/generated/lb/v1/Revision.ts';
import type { Plain } from '../manifest/print.ts';
import { ageCell, isoTime } from '../output/human.ts';
import type { Session } from '../session/session.ts';
import type { Lister, ListOptions } from './listing.ts';

/** What the server gives at most in one answer. */
const PAGE = 1_000;

export const listRevisions: Lister = async (session, context, options) => {
  const revisions = await readRevisions(session, options);
  return {
    header: ['REVISION', 'AGE', 'AUTHOR', 'MESSAGE', 'CHANGES'],
    moreHeader: ['REQUEST', 'HASH'],
    items: revisions.map((revision) => ({
      name: revision.revision,
      plain: revisionPlain(revision),
      row: [
        revision.revision,
        ageCell(revision.time, context.clock.wallMs()),
        revision.author,
        revision.message,
        shortened(revision.changes),
      ],
      more: [revision.requestId, revision.hash.slice(0, 12)],
    })),
  };
};

/** Newest first. */
export async function readRevisions(
  session: Session,
  { name, limit }: ListOptions,
): Promise<Revision__Output[]> {
  const found: Revision__Output[] = [];
  let pageToken = '';
  do {
    const pageSize = name === undefined ? Math.min(limit - found.length, PAGE) : PAGE;
    const page = await session.read('config', 'ListRevisions', { pageSize, pageToken });
    found.push(...page.revisions);
    pageToken = page.nextPageToken;
    if (name !== undefined && found.some(({ revision }) => revision === name)) break;
    if (name === undefined && found.length >= limit) break;
  } while (pageToken !== '');
  return found;
}

/** The value that JSON and YAML show. */
export function revisionPlain({
  revision,
  time,
  author,
  message,
  requestId,
  hash,
  changes,
}: Revision__Output): Plain {
  return { revision, time: isoTime(time), author, message, requestId, hash, changes };
}

/** The same for people. */
export function revisionFacts(revision: Revision__Output): [string, string][] {
  return [
    ['Revision', revision.revision],
    ['Time', isoTime(revision.time) ?? ''],
    ['Author', revision.author],
    ['Message', revision.message],
    ['Request', revision.requestId],
    ['Hash', revision.hash],
  ];
}

function shortened(changes: readonly string[]): string {
  const [first = '', second, ...rest] = changes;
  if (second === undefined) return first;
  return rest.length === 0 ? `${first}, ${second}` : `${first}, ${second} and ${rest.length} more`;
}
