/** The JSON endpoints of the page: changes, history and convergence. The gRPC handlers answer all of them. */
import type { Violation } from '../../core/model/violation.ts';
import { type ErrorCode, LbError } from '../../core/runtime/errors.ts';
import {
  type HttpAnswer,
  type HttpHead,
  type HttpRequest,
  json,
  type Routes,
} from '../../core/runtime/http-server.ts';
import { changeView } from '../../core/view/difference.ts';
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import type { DeleteProxyResponse__Output } from '../../core/wire/generated/lb/v1/DeleteProxyResponse.ts';
import type { DiffRevisionsResponse__Output } from '../../core/wire/generated/lb/v1/DiffRevisionsResponse.ts';
import type { GetRevisionResponse__Output } from '../../core/wire/generated/lb/v1/GetRevisionResponse.ts';
import type { ListRevisionsResponse__Output } from '../../core/wire/generated/lb/v1/ListRevisionsResponse.ts';
import type { ResourceChange__Output } from '../../core/wire/generated/lb/v1/ResourceChange.ts';
import type { Revision__Output } from '../../core/wire/generated/lb/v1/Revision.ts';
import { timestampFromWire } from '../../core/wire/timestamp-codec.ts';
import { convergence } from '../fleet/convergence.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import type { LocalCall } from './local-calls.ts';
import { type ChangeRequest, readChange } from './change-request.ts';

const PAGE_SIZE = 50;

const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  UNAUTHENTICATED: 401,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  OUTCOME_UNKNOWN: 504,
};

export interface ActionDeps {
  readonly call: LocalCall;
  readonly follower: LogFollower;
  readonly fleet: Fleet;
}

export function actionRoutes({ call, follower, fleet }: ActionDeps): Routes {
  return {
    '/api/changes': { post: answering(({ body }: HttpRequest) => change(call, body)) },
    '/api/revisions': answering(async ({ query }) => {
      const request = { pageSize: PAGE_SIZE, pageToken: query.get('before') ?? '' };
      const page = await call<ListRevisionsResponse__Output>('ListRevisions', request);
      return { revisions: page.revisions.map(revisionRow), before: page.nextPageToken };
    }),
    '/api/revision': answering(async (head) => {
      const request = { revision: revisionIn(head, 'number') };
      const { revision, changes } = await call<GetRevisionResponse__Output>('GetRevision', request);
      return { ...(revision && revisionRow(revision)), changes: changeRows(changes) };
    }),
    '/api/difference': answering(async (head) => {
      const request = { fromRevision: revisionIn(head, 'from'), toRevision: revisionIn(head, 'to') };
      const { changes } = await call<DiffRevisionsResponse__Output>('DiffRevisions', request);
      return { changes: changeRows(changes) };
    }),
    '/api/converged': answering(async (head) => {
      const revision = Number(revisionIn(head, 'revision'));
      const storeId = follower.current()?.position.storeId ?? '';
      const { response, settled } = convergence(fleet.list(), storeId, revision, {
        rosterKnown: fleet.unknownForMs() === 0,
        committedMs: (each) => follower.revision(each)?.timeMs,
      });
      return { ...response, settled };
    }),
  };
}

async function change(call: LocalCall, body: string): Promise<object> {
  const violations: Violation[] = [];
  const read = readChange(parsed(body), violations);
  if (read === null || violations.length > 0) {
    const others = read === null ? [] : await otherViolations(call, read);
    throw new LbError('INVALID_ARGUMENT', 'The request is invalid.', [...violations, ...others]);
  }
  await refuseUnlessNewest(call, read);
  const result = await call<ChangeResult__Output | DeleteProxyResponse__Output>(read.method, read.request);
  return 'changes' in result ? { ...result, changes: changeRows(result.changes) } : result;
}

/** What is wrong with the part of a request that can be read, so that everything is said at once. */
async function otherViolations(call: LocalCall, { method, request }: ChangeRequest) {
  // It is the only one without a dry run.
  if (method === 'DeleteProxy') return [];
  try {
    await call(method, { ...request, dryRun: true });
    return [];
  } catch (error) {
    if (error instanceof LbError) return error.violations;
    throw error;
  }
}

/** For methods that take no expected revision. A dry run reads the store, so its answer has the newest revision. */
async function refuseUnlessNewest(call: LocalCall, { method, request, shown }: ChangeRequest): Promise<void> {
  if (shown === null) return;
  const { revision } = await call<ChangeResult__Output>(method, { ...request, dryRun: true });
  if (Number(revision) === shown) return;
  const message = `The preview was made at revision ${shown}, and now there is revision ${revision}. Preview the change again.`;
  throw new LbError('ABORTED', message);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new LbError('INVALID_ARGUMENT', 'The request is not valid JSON.');
  }
}

/** Answers an LbError with its status and message. Any other error is a bug, which the HTTP server reports. */
function answering<Head extends HttpHead>(work: (head: Head) => Promise<object>) {
  return async (head: Head): Promise<HttpAnswer> => {
    try {
      return json(200, await work(head));
    } catch (error) {
      if (!(error instanceof LbError)) throw error;
      const { code, message, violations } = error;
      return json(HTTP_STATUS[code], { code, error: message, violations });
    }
  };
}

function revisionIn({ query }: HttpHead, name: string): string {
  const text = query.get(name) ?? '';
  if (/^\d{1,15}$/.test(text)) return text;
  throw new LbError('INVALID_ARGUMENT', `${name} is "${text}"; it must be a revision, such as 42.`);
}

/** `changes`: a line for each changed resource, and what changed in it. */
function revisionRow({ revision, time, author, message, changes, resources }: Revision__Output) {
  const details = (index: number) => resources[index]?.details ?? [];
  const detailed = resources.map(({ action, kind, name }, index) => ({
    what: `${action.replace(/^ACTION_/, '').toLowerCase()} ${kind} ${name}`,
    details: details(index),
  }));
  const plain = changes.map((what) => ({ what, details: [] }));
  const timeMs = time ? timestampFromWire(time) : null;
  return { revision, timeMs, author, message, summary: resources.length > 0 ? detailed : plain };
}

/** Field by field, without the whole resources before and after. */
function changeRows(changes: readonly ResourceChange__Output[]) {
  return changes.map((change) => {
    const { action, kind, name, fields } = changeView(change);
    // The pool of a backend is in its name.
    const shown = fields.filter(({ field }) => kind !== 'backend' || field !== 'pool');
    return { action: action ?? 'changed', kind, name, fields: shown };
  });
}
