/** `get proxies` and `describe proxy`. */
import { violationText } from '../../core/model/violation.ts';
import type { Plain } from '../../core/view/plain.ts';
import { age, isoTime } from '../../core/view/figures.ts';
import type { AppliedSnapshot__Output } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import type { SameIdProcess__Output } from '../../core/wire/generated/lb/v1/SameIdProcess.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { Context } from '../context.ts';
import { type Listing, listing } from '../output/listing.ts';
import type { Fact, Page, PageTable } from '../output/page.ts';
import { ageCell, type Cell } from '../output/table.ts';
import type { Session } from '../session/session.ts';
import { findNamed } from './find-named.ts';

/** A proxy with its info, which is empty until it has reported. */
interface ProxyView extends Proxy__Output {
  readonly info: ProxyInfo__Output;
  readonly name: string;
}

const NO_INFO: ProxyInfo__Output = {
  id: '',
  zone: '',
  version: '',
  engine: '',
  adminAddress: '',
  startedAt: null,
  instanceId: '',
};

export async function listProxies(session: Session, context: Context): Promise<Listing> {
  return listing(
    context,
    await readProxies(session),
    (proxy) => ({ name: proxy.name, instance: proxy.info.instanceId, plain: proxyPlain(proxy) }),
    [
      ['ID', ({ info }) => info.id],
      ['ZONE', ({ info }) => info.zone],
      ['CONNECTED', (proxy) => connectedCell(proxy, context)],
      ['REVISION', revisionCell],
      ['ENGINE', ({ info }) => info.engine],
      ['WORKERS', ({ workers }) => String(workers.length)],
      ['CONNECTIONS', ({ connectionsActive }) => String(connectionsActive)],
      ['REJECTED LISTENERS', rejectedCell],
    ],
    [
      ['FROM', ({ peerAddress }) => peerAddress],
      ['VERSION', ({ info }) => info.version],
      ['ADMIN ADDRESS', ({ info }) => info.adminAddress],
      ['UP', ({ info }) => ageCell(info.startedAt, context)],
      [
        'RESTARTED WORKERS',
        ({ workers }) => String(workers.reduce((sum, { restarts }) => sum + restarts, 0)),
      ],
    ],
  );
}

/** The proxy, its listeners and its workers. */
export async function describeProxy(session: Session, context: Context, name: string): Promise<Page> {
  const all = await readProxies(session);
  // Each of several processes with one id tells of the others.
  const proxy = findNamed('proxies', name, [...new Map(all.map((each) => [each.name, each])).values()]);
  const { info, applied, workers } = proxy;
  const started = age(info.startedAt, context.clock.wallMs());
  return {
    name,
    plain: proxyPlain(proxy),
    facts: [
      ['Proxy', info.id],
      ['Zone', info.zone],
      ['Connected', connectedCell(proxy, context)],
      ...proxy.sameId.map(sameIdFact),
      ['Revision', revisionCell(proxy)],
      ['Engine', info.engine],
      ['Version', info.version],
      ['Admin address', info.adminAddress],
      ['Started', started === '' ? '' : `${started} ago`],
      ['Connections', String(proxy.connectionsActive)],
      ...(applied ? configurationFacts(applied) : []),
    ],
    tables: [
      listenerTable(proxy),
      {
        title: 'Workers',
        header: ['WORKER', 'CONNECTIONS', 'RESTARTS'],
        rows: workers.map(({ index, connectionsActive, restarts }) =>
          [index, connectionsActive, restarts].map(String),
        ),
        none: 'none reported',
      },
    ],
  };
}

function listenerTable({ listeners, applied }: ProxyView): PageTable {
  const failed = applied?.failedListeners ?? [];
  const accepting = listeners.filter(({ listener }) => !failed.some((other) => other.listener === listener));
  return {
    title: 'Listeners',
    header: ['LISTENER', 'CONNECTIONS', 'ACCEPTED', 'REJECTED'],
    rows: [
      ...accepting.map(({ listener, connectionsActive, connectionsTotal }) => [
        listener,
        String(connectionsActive),
        connectionsTotal,
        'no',
      ]),
      ...failed.map(({ listener, address, reason }): Cell[] => [
        listener,
        '0',
        '',
        { text: `${address}: ${reason}`, tone: 'bad' },
      ]),
    ],
    none: 'none',
  };
}

/** What is wrong with the configuration that it runs. */
function configurationFacts({ fromDisk, stale, rejected }: AppliedSnapshot__Output): Fact[] {
  const doubts = [
    ...(fromDisk ? ['read from its disk, and not confirmed since'] : []),
    ...(stale ? ['stale: it has no control plane to get one from'] : []),
  ];
  const violations = rejected?.violations ?? [];
  return [
    ...doubts.map((text): Fact => ['Configuration', { text, tone: 'doubtful' }]),
    ...violations.map(
      (violation): Fact => [
        `Rejected ${rejected?.position?.revision ?? ''}`,
        { text: violationText(violation), tone: 'bad' },
      ],
    ),
  ];
}

async function readProxies(session: Session): Promise<ProxyView[]> {
  const { proxies } = await session.read('fleet', 'ListProxies', {});
  return proxies.map((proxy) => {
    const info = proxy.info ?? NO_INFO;
    return { ...proxy, info, name: info.id };
  });
}

function sameIdFact({ peerAddress, adminAddress }: SameIdProcess__Output): Fact {
  const where = [peerAddress, ...(adminAddress === '' ? [] : [`admin address ${adminAddress}`])].join(', ');
  return [
    'Same id',
    { text: `also used by the process at ${where}; give each its own --proxy-id`, tone: 'bad' },
  ];
}

/** `yes`, or for how long it has been away. */
function connectedCell({ connected, lastSeen, sameId }: ProxyView, { clock }: Context): Cell {
  if (connected && sameId.length > 0)
    return { text: `yes, but ${sameId.length + 1} processes have this id`, tone: 'bad' };
  if (connected) return { text: 'yes', tone: 'good' };
  const away = age(lastSeen, clock.wallMs());
  return { text: away === '' ? 'no' : `no, for ${away}`, tone: 'bad', moving: true };
}

/** `42`, `40 (2 behind)`, or `40 (2 behind, stale)`: it has no control plane to get its configuration from. */
function revisionCell(proxy: ProxyView): Cell {
  const behind = revisionsBehind(proxy);
  const revision = proxy.applied?.position?.revision ?? 'none';
  const doubts = [...(behind > 0 ? [`${behind} behind`] : []), ...(proxy.applied?.stale ? ['stale'] : [])];
  return doubts.length > 0 ? { text: `${revision} (${doubts.join(', ')})`, tone: 'doubtful' } : revision;
}

function revisionsBehind({ currentRevision, applied }: ProxyView): number {
  return Number(BigInt(currentRevision) - BigInt(applied?.position?.revision ?? '0'));
}

function rejectedCell({ applied }: ProxyView): Cell {
  const failed = applied?.failedListeners.map(({ listener }) => listener).join(' ') ?? '';
  return failed === '' ? '' : { text: failed, tone: 'bad' };
}

/** The value that JSON and YAML show. */
function proxyPlain(proxy: ProxyView): Plain {
  const { info, applied, workers } = proxy;
  const rejected = applied?.rejected;
  return {
    id: info.id,
    zone: info.zone,
    connected: proxy.connected,
    peerAddress: proxy.peerAddress,
    sameId: proxy.sameId,
    lastSeen: isoTime(proxy.lastSeen),
    revision: applied?.position?.revision ?? null,
    behind: revisionsBehind(proxy),
    fromDisk: applied?.fromDisk ?? false,
    stale: applied?.stale ?? false,
    engine: info.engine,
    version: info.version,
    adminAddress: info.adminAddress,
    startedAt: isoTime(info.startedAt),
    connections: proxy.connectionsActive,
    workers: workers.map(({ index, connectionsActive: connections, restarts }) => ({
      index,
      connections,
      restarts,
    })),
    rejectedListeners: applied?.failedListeners ?? [],
    rejectedSnapshot: rejected
      ? { revision: rejected.position?.revision ?? null, violations: rejected.violations }
      : null,
  };
}
