/** `get backends`, `describe backend` and `health`. */
import {
  type BackendView,
  joinBackends,
  passing,
  type ProxyReport,
  stateText,
} from '../../core/view/backends.ts';
import type { Plain } from '../../core/view/plain.ts';
import { isoTime, isoTimeOf } from '../../core/view/figures.ts';
import { type HealthCounts, totalOf, worstHealth } from '../../core/view/health.ts';
import { poolRemarks, servingOf } from '../../core/view/serving.ts';
import type { Health } from '../../core/model/resources.ts';
import type { Context } from '../context.ts';
import { type Column, type Listing, listing } from '../output/listing.ts';
import type { Page } from '../output/page.ts';
import type { Tone } from '../output/style.ts';
import { ageCell, type Cell } from '../output/table.ts';
import type { Session } from '../session/session.ts';
import { findNamed } from './find-named.ts';
import { policyOf } from './policies.ts';

export const backendColumns = (
  context: Context,
  all: readonly BackendView[],
): readonly Column<BackendView>[] => [
  ['ADDRESS', ({ address }) => address],
  ['WEIGHT', ({ weight }) => String(weight)],
  ...placeColumns(all, (backend) => backend),
  ['STATE', (backend) => stateCell(backend, context)],
  ['HEALTH', ({ summary }) => summaryCell(summary.health)],
  ['CONNECTIONS', ({ summary }) => String(summary.connections)],
  [
    'SOURCE',
    ({ source, name, sourceReason }) => {
      const text = name === '' ? source : `${source} ${name}`;
      return sourceReason === '' ? text : { text, tone: 'doubtful' };
    },
  ],
];

/** The tier and the limit, each where a backend has one. */
function placeColumns<T>(all: readonly T[], backendOf: (row: T) => BackendView): readonly Column<T>[] {
  const columns = [
    ['TIER', 'tier'],
    ['LIMIT', 'maxConnections'],
  ] as const;
  return columns
    .filter(([, field]) => all.some((row) => backendOf(row)[field] > 0))
    .map(([title, field]) => [title, (row) => String(backendOf(row)[field] || (field === 'tier' ? 0 : ''))]);
}

function stateCell(backend: BackendView, { clock }: Context): Cell {
  const text = stateText(backend, clock.wallMs());
  return backend.state === 'active' ? text : { text, tone: 'doubtful', moving: true };
}

const TONES: Readonly<Record<Health, Tone>> = {
  healthy: 'good',
  unhealthy: 'bad',
  ejected: 'bad',
  unknown: 'doubtful',
};

const NOT_REPORTED = 'no proxy has reported it';

export async function listBackends(session: Session, context: Context): Promise<Listing> {
  const worst = ({ reports, summary }: BackendView) =>
    reports.find(({ connected, health }) => connected && health === worstHealth(summary.health))?.report;
  const read = await readBackends(session);
  const { backends } = read;
  const shown = listing(
    context,
    backends,
    (backend) => ({ name: backend.address, pool: backend.pool, plain: backendPlain(backend) }),
    [['POOL', ({ pool }) => pool], ...backendColumns(context, backends)],
    [
      ['REASON', (backend) => worst(backend)?.reason || backend.sourceReason],
      ['SINCE', (backend) => ageCell(worst(backend)?.since ?? null, context)],
      ['BY PROXY', ({ reports }) => reports.map(connectionsAt).join(' ')],
    ],
  );
  return { ...shown, remarks: remarksOn(read) };
}

function connectionsAt({ proxyId, connected, report }: ProxyReport): string {
  return `${proxyId}=${connected ? report.connectionsActive : 'disconnected'}`;
}

export async function describeBackend(
  session: Session,
  context: Context,
  name: string,
  pool: string | undefined,
): Promise<Page> {
  const items = (await readBackends(session)).backends
    .map((backend) => ({ name: backend.address, pool: backend.pool, backend }))
    .filter((item) => pool === undefined || item.pool === pool);
  const { backend } = findNamed('backends', name, items);
  const { source, name: dnsName, sourceReason, summary } = backend;
  return {
    name: `${backend.pool}/${backend.address}`,
    plain: backendPlain(backend),
    facts: [
      ['Backend', backend.address],
      ['Pool', backend.pool],
      ['Weight', String(backend.weight)],
      ['Tier', String(backend.tier)],
      ['Connections at most', backend.maxConnections === 0 ? 'any number' : String(backend.maxConnections)],
      ['State', stateCell(backend, context)],
      ['Source', [`${source} ${dnsName}`.trim(), sourceReason].filter(Boolean).join(': ')],
      ['Health', summaryCell(summary.health)],
      ['Connections', String(summary.connections)],
      ['Revision', backend.revision],
    ],
    tables: [
      {
        title: 'As the proxies see it',
        header: ['PROXY', 'HEALTH', 'SINCE', 'CONNECTIONS', 'ACCEPTED', 'FAILED CONNECTS', 'REASON'],
        rows: backend.reports.map((one) => [
          proxyName(one),
          healthCell(one.health),
          ageCell(one.report.since, context),
          String(one.report.connectionsActive),
          one.report.connectionsTotal,
          one.report.connectFailuresTotal,
          one.report.reason,
        ]),
        none: NOT_REPORTED,
      },
    ],
  };
}

/** `health`: a row for each backend and proxy. */
export async function listHealth(session: Session, context: Context): Promise<Listing> {
  type Row = { readonly backend: BackendView; readonly one: ProxyReport | undefined };
  const read = await readBackends(session);
  const rows = read.backends.flatMap((backend): Row[] =>
    backend.reports.length === 0
      ? [{ backend, one: undefined }]
      : backend.reports.map((one) => ({ backend, one })),
  );
  const shown = listing(
    context,
    rows,
    ({ backend, one }) => ({
      name: `${backend.pool}/${backend.address}/${one?.proxyId ?? ''}`,
      pool: backend.pool,
      plain: { ...ownPlain(backend), ...(one ? reportPlain(one) : NO_REPORT) },
    }),
    [
      ['POOL', ({ backend }) => backend.pool],
      ['ADDRESS', ({ backend }) => backend.address],
      ...placeColumns(rows, ({ backend }) => backend),
      ['STATE', ({ backend }) => stateCell(backend, context)],
      ['PROXY', ({ one }) => (one ? proxyName(one) : '')],
      ['HEALTH', ({ one }) => healthCell(one?.health ?? 'unknown')],
      ['SINCE', ({ one }) => (one ? ageCell(one.report.since, context) : '')],
      ['REASON', ({ one }) => one?.report.reason ?? NOT_REPORTED],
    ],
    [['CONNECTIONS', ({ one }) => String(one?.report.connectionsActive ?? '')]],
  );
  return { ...shown, remarks: remarksOn(read) };
}

const NO_REPORT = { proxy: null, connected: false, health: 'unknown', reason: NOT_REPORTED, since: null };

/** All backends, or those of one pool, with the policies of the pools and how each pool stands. */
export async function readBackends(session: Session, pool = '') {
  const [{ pools }, { policies }, registered, { statuses }, { proxies }] = await Promise.all([
    session.read('pools', 'ListPools', {}),
    session.read('policies', 'ListPolicies', {}),
    session.read('registrations', 'ListRegistrations', {}),
    session.read('fleet', 'ListBackendStatus', { pool }),
    session.read('fleet', 'ListProxies', {}),
  ]);
  const backends = joinBackends(pools, registered, statuses, proxies);
  return { pools, policies, backends, names: registered.names, serving: servingOf(proxies) };
}

function remarksOn({ pools, policies, backends, serving }: Awaited<ReturnType<typeof readBackends>>) {
  const healthy = new Map<string, number>();
  for (const { pool } of passing(backends)) healthy.set(pool, (healthy.get(pool) ?? 0) + 1);
  return pools.flatMap((pool) => {
    const count = healthy.get(pool.name) ?? 0;
    const texts = poolRemarks(policyOf(pool, policies), serving.get(pool.name) ?? [], count);
    return texts.map((text) => ({ pool: pool.name, text }));
  });
}

/** What every value that JSON and YAML show of a backend begins with. */
function ownPlain(backend: BackendView): Plain {
  const { pool, address, weight, tier, maxConnections, state, stateSinceMs } = backend;
  return { pool, address, weight, tier, maxConnections, state, stateSince: isoTimeOf(stateSinceMs) };
}

function backendPlain(backend: BackendView): Plain {
  const { source, name, revision, reports, summary } = backend;
  const seen = { health: worstHealth(summary.health), connections: summary.connections };
  return {
    ...ownPlain(backend),
    source,
    ...(name !== '' && { name }),
    ...seen,
    revision,
    proxies: reports.map(reportPlain),
  };
}

function reportPlain({ proxyId, connected, health, report, revision }: ProxyReport): Plain {
  return {
    proxy: proxyId,
    connected,
    health,
    reason: report.reason,
    since: isoTime(report.since),
    connections: report.connectionsActive,
    connectionsTotal: report.connectionsTotal,
    connectFailuresTotal: report.connectFailuresTotal,
    bytesToBackendTotal: report.bytesToBackendTotal,
    bytesFromBackendTotal: report.bytesFromBackendTotal,
    revision,
  };
}

function proxyName({ proxyId, connected }: ProxyReport): string {
  return connected ? proxyId : `${proxyId} (disconnected)`;
}

function healthCell(health: Health): Cell {
  return { text: health, tone: TONES[health] };
}

/** `healthy`, or `healthy (1/2)` when only one of two proxies finds it so. */
function summaryCell(counts: HealthCounts): Cell {
  const worst = worstHealth(counts);
  if (counts[worst] === totalOf(counts)) return healthCell(worst);
  const shown = counts.healthy > 0 ? 'healthy' : worst;
  return { text: `${shown} (${counts[shown]}/${totalOf(counts)})`, tone: 'doubtful' };
}
