/** `get revisions`, `history` and `describe revision`. */
import type { Plain } from '../../core/view/plain.ts';
import { isoTime } from '../../core/view/figures.ts';
import type { Revision__Output } from '../../core/wire/generated/lb/v1/Revision.ts';
import type { Context } from '../context.ts';
import { type Listing, listing } from '../output/listing.ts';
import type { Fact, Page } from '../output/page.ts';
import { ageCell } from '../output/table.ts';
import type { Session } from '../session/session.ts';
import { findNamed } from './find-named.ts';

/** What the server gives at most in one answer. */
const PAGE = 1_000;

export interface RevisionFilter {
  /** Only this revision, however old. */
  readonly name?: string;
  /** The newest ones, at most so many. */
  readonly limit: number;
}

export async function listRevisions(
  session: Session,
  context: Context,
  filter: RevisionFilter,
): Promise<Listing> {
  return listing(
    context,
    await readRevisions(session, filter),
    (revision) => ({ name: revision.revision, plain: revisionPlain(revision) }),
    [
      ['REVISION', ({ revision }) => revision],
      ['AGE', ({ time }) => ageCell(time, context)],
      ['AUTHOR', ({ author }) => author],
      ['MESSAGE', ({ message }) => message],
      ['CHANGES', (revision) => shortened(changeLines(revision))],
    ],
    [
      ['REQUEST', ({ requestId }) => requestId],
      ['HASH', ({ hash }) => hash.slice(0, 12)],
    ],
  );
}

/** The commit, and each thing it changed. */
export async function describeRevision(session: Session, _context: Context, name: string): Promise<Page> {
  const revisions = await readRevisions(session, { name, limit: 0 });
  const items = revisions.map((revision) => ({ name: revision.revision, revision }));
  const { revision } = findNamed('revisions', name, items);
  const rows = changeLines(revision).map((change) => [change]);
  return {
    name,
    plain: revisionPlain(revision),
    facts: revisionFacts(revision),
    tables: [{ title: 'Changes', header: ['CHANGE'], rows, none: 'none' }],
  };
}

/** Newest first. */
async function readRevisions(session: Session, { name, limit }: RevisionFilter): Promise<Revision__Output[]> {
  const found: Revision__Output[] = [];
  let pageToken = '';
  let isComplete = false;
  while (!isComplete) {
    const pageSize = name === undefined ? Math.min(limit - found.length, PAGE) : PAGE;
    const page = await session.read('config', 'ListRevisions', { pageSize, pageToken });
    found.push(...page.revisions);
    pageToken = page.nextPageToken;
    const isEnough =
      name === undefined ? found.length >= limit : found.some(({ revision }) => revision === name);
    isComplete = isEnough || pageToken === '';
  }
  return found;
}

/** The value that JSON and YAML show. */
export function revisionPlain(commit: Revision__Output): Plain {
  const { revision, time, author, message, requestId, hash, changes } = commit;
  const resources = commit.resources.map(({ action, kind, name, details }) => {
    return { action: actionWord(action), kind, name, details };
  });
  return { revision, time: isoTime(time), author, message, requestId, hash, changes, resources };
}

/** The same for people. */
export function revisionFacts(revision: Revision__Output): Fact[] {
  return [
    ['Revision', revision.revision],
    ['Time', isoTime(revision.time) ?? ''],
    ['Author', revision.author],
    ['Message', revision.message],
    ['Request', revision.requestId],
    ['Hash', revision.hash],
  ];
}

/** `pool web: 10.0.0.1:80: weight 1 → 3`; of a control plane that tells no details, `updated pool web`. */
function changeLines({ changes, resources }: Revision__Output): readonly string[] {
  if (resources.length === 0) return changes;
  return resources.map(({ action, kind, name, details }) =>
    action === 'ACTION_UPDATED' && details.length > 0
      ? `${kind} ${name}: ${shortened(details)}`
      : `${actionWord(action)} ${kind} ${name}`,
  );
}

/** `ACTION_CREATED` as `created`. */
function actionWord(action: string): string {
  return action.replace('ACTION_', '').toLowerCase();
}

function shortened(changes: readonly string[]): string {
  const [first = '', second, ...rest] = changes;
  if (second === undefined) return first;
  return rest.length === 0 ? `${first}, ${second}` : `${first}, ${second} and ${rest.length} more`;
}
