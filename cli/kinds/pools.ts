/** `get pools` and `describe pool`. */
import { type BackendView, passing } from '../../core/view/backends.ts';
import { otherFields, type Plain, plainOf } from '../../core/view/plain.ts';
import { ageOf, isoTime, isoTimeOf } from '../../core/view/figures.ts';
import { worstHealth } from '../../core/view/health.ts';
import { checkText, expectation } from '../../core/view/policy-words.ts';
import { type Serving, servingSinceText } from '../../core/view/serving.ts';
import type { Policy } from '../../core/model/resources.ts';
import type { Pool__Output } from '../../core/wire/generated/lb/v1/Pool.ts';
import type { ResolvedName__Output } from '../../core/wire/generated/lb/v1/ResolvedName.ts';
import { poolDraftFromWire } from '../../core/wire/resource-codec.ts';
import type { Context } from '../context.ts';
import { type Listing, listing } from '../output/listing.ts';
import type { Fact, Page } from '../output/page.ts';
import { ageCell, type Cell } from '../output/table.ts';
import type { Session } from '../session/session.ts';
import { backendColumns, readBackends } from './backends.ts';
import { findNamed } from './find-named.ts';
import { poolsLedTo } from './listeners.ts';
import { policyOf } from './policies.ts';

export async function listPools(session: Session, context: Context): Promise<Listing> {
  const { pools, policies, backends, listeners } = await readPools(session, '');
  const namesOf = (pool: string) =>
    listeners.filter((listener) => poolsLedTo(listener).includes(pool)).map(({ name }) => name);
  const own = (pool: string) => backends.filter((backend) => backend.pool === pool);
  return listing(
    context,
    pools,
    (pool) => ({ name: pool.name, pool: pool.name, plain: poolPlain(pool) }),
    [
      ['NAME', ({ name }) => name],
      ['POLICY', ({ policy }) => policy],
      ['BACKENDS', (pool) => healthyCell(own(pool.name), policyOf(pool, policies), context)],
    ],
    [
      ['LISTENERS', ({ name }) => namesOf(name).join(' ')],
      ['REVISION', ({ revision }) => revision],
    ],
  );
}

/** The pool, its policy, the listeners that use it, and its backends. */
export async function describePool(session: Session, context: Context, name: string): Promise<Page> {
  const { pools, policies, backends: all, listeners, names, serving } = await readPools(session, name);
  const pool = findNamed('pools', name, pools);
  const backends = all.filter((backend) => backend.pool === name);
  const policy = policyOf(pool, policies);
  const at = serving.get(name) ?? [];
  const ownNames = names.filter((each) => each.pool === name);
  const columns = backendColumns(context, backends);
  const users = listeners.filter((listener) => poolsLedTo(listener).includes(name));
  return {
    name,
    plain: {
      ...poolPlain(pool),
      listeners: users.map((listener) => listener.name),
      serving: at.map(({ proxies, noneHealthy, servingTier: tier, sinceMs }) => {
        return { proxies, noneHealthy, tier, since: isoTimeOf(sinceMs) };
      }),
      ...(pool.dns.length > 0 && { names: ownNames.map(namePlain) }),
      health: backends.map(({ address, state, stateSinceMs, summary }) => {
        return { address, state, stateSince: isoTimeOf(stateSinceMs), health: worstHealth(summary.health) };
      }),
    },
    facts: [
      ['Pool', name],
      [
        'Policy',
        pool.policy + (policy ? `: ${policy.strategy}, health check ${checkText(policy.healthCheck)}` : ''),
      ],
      ['Listeners', users.map((listener) => `${listener.name} (${listener.address})`).join(', ')],
      ['Backends', healthyCell(backends, policy, context)],
      ...otherFields(poolPlain(pool), ['kind', 'name', 'policy', 'backends', 'revision']),
      ...at.map((one): Fact => ['Serving', servingCell(one, policy)]),
      ['Revision', pool.revision],
    ],
    tables: [
      {
        title: 'Backends',
        header: columns.map(([title]) => title),
        rows: backends.map((backend) => columns.map(([, cell]) => cell(backend))),
        none: `none; add one with: lbctl backend add ${name} IP:PORT`,
      },
      ...nameTable(pool, ownNames, context),
    ],
  };
}

/** What each name of the pool leads to, and since when. */
function nameTable(
  { dns }: Pool__Output,
  names: readonly ResolvedName__Output[],
  context: Context,
): Page['tables'] {
  if (dns.length === 0) return [];
  const rows = dns.map(({ name = '' }): Cell[] => {
    const found = names.find((each) => each.name === name);
    if (found === undefined) return [name, '', '', { text: 'not resolved yet', tone: 'doubtful' }];
    const held = found.heldUntil && `addresses that left are kept until ${isoTime(found.heldUntil)}`;
    const problem = [found.problem, held].filter(Boolean).join('; ');
    const addresses = found.backends.map(({ address }) => address).join(' ');
    return [name, addresses, ageCell(found.since, context), { text: problem, tone: 'bad' }];
  });
  return [{ title: 'Names', header: ['NAME', 'ADDRESSES', 'SINCE', 'PROBLEM'], rows, none: '' }];
}

function namePlain({ name, backends, problem, since, heldUntil }: ResolvedName__Output): Plain {
  const addresses = backends.map(({ address }) => address);
  return { name, addresses, problem, since: isoTime(since), heldUntil: isoTime(heldUntil) };
}

/** `pool`: the one whose backends are wanted; empty: all. */
async function readPools(session: Session, pool: string) {
  const [read, { listeners }] = await Promise.all([
    readBackends(session, pool),
    session.read('listeners', 'ListListeners', {}),
  ]);
  const backends = read.backends.filter(({ source }) => source !== 'registered, ignored');
  return { ...read, listeners, backends };
}

function servingCell(serving: Serving, policy: Policy | undefined): Cell {
  const tone = serving.noneHealthy ? 'bad' : serving.servingTier > 0 ? 'doubtful' : 'good';
  return { text: servingSinceText(serving, policy), tone };
}

/** The manifest, with revisions. */
function poolPlain(pool: Pool__Output): Plain {
  const { backends, ...fields } = plainOf(poolDraftFromWire(pool, '', []));
  const revised = (backends as Plain[]).map((backend, index) => ({
    ...backend,
    revision: pool.backends[index]?.revision ?? '0',
  }));
  return { kind: 'Pool', ...fields, backends: revised, revision: pool.revision };
}

/** `2/3 healthy` or `1 of 1 expected`, and `1 draining for 3d` of those: the one that drains longest. */
function healthyCell(backends: readonly BackendView[], policy: Policy | undefined, { clock }: Context): Cell {
  const healthy = backends.filter(({ summary }) => worstHealth(summary.health) === 'healthy').length;
  const expected = expectation(policy, passing(backends).length);
  const out = (['draining', 'disabled', 'expiring'] as const).flatMap((word) => {
    const those = backends.filter(({ state }) => state === word);
    if (those.length === 0) return [];
    const since = Math.min(...those.map(({ stateSinceMs }) => stateSinceMs ?? Number.POSITIVE_INFINITY));
    return `${those.length} ${word}${Number.isFinite(since) ? ` for ${ageOf(since, clock.wallMs())}` : ''}`;
  });
  const standing = expected?.problem ?? expected?.text ?? `${healthy}/${backends.length} healthy`;
  const text = [standing, ...out].join(', ');
  if (out.length > 0) return { text, tone: expected?.problem ? 'bad' : 'doubtful', moving: true };
  if (expected) return { text, tone: expected.problem === null ? 'good' : 'bad' };
  if (healthy === backends.length) return backends.length === 0 ? text : { text, tone: 'good' };
  return { text, tone: healthy === 0 ? 'bad' : 'doubtful' };
}
