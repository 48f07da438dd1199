/** `get proxies`. */
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { RejectedSnapshot__Output } from '../../core/wire/generated/lb/v1/RejectedSnapshot.ts';
import type { Context } from '../context.ts';
import type { Plain } from '../manifest/print.ts';
import { age, ageCell, isoTime } from '../output/human.ts';
import type { Cell } from '../output/table.ts';
import type { Lister } from './listing.ts';

export const listProxies: Lister = async (session, context) => {
  const { proxies } = await session.read('fleet', 'ListProxies', {});
  return {
    header: ['ID', 'ZONE', 'CONNECTED', 'REVISION', 'ENGINE', 'WORKERS', 'CONNECTIONS', 'REJECTED LISTENERS'],
    moreHeader: ['VERSION', 'ADMIN ADDRESS', 'UP', 'RESTARTED WORKERS'],
    items: proxies.map((proxy) => ({
      name: infoOf(proxy).id,
      plain: proxyPlain(proxy),
      row: rowOf(proxy, context),
      more: [
        infoOf(proxy).version,
        infoOf(proxy).adminAddress,
        ageCell(infoOf(proxy).startedAt, context.clock.wallMs()),
        String(proxy.workers.reduce((sum, { restarts }) => sum + restarts, 0)),
      ],
    })),
  };
};

function rowOf(proxy: Proxy__Output, context: Context): readonly Cell[] {
  const info = infoOf(proxy);
  const failed = proxy.applied?.failedListeners.map(({ listener }) => listener).join(' ') ?? '';
  return [
    info.id,
    info.zone,
    connectedCell(proxy, context),
    revisionCell(proxy),
    info.engine,
    String(proxy.workers.length),
    String(proxy.connectionsActive),
    failed === '' ? '' : { text: failed, tone: 'bad' },
  ];
}

/** `yes`, or since when it is away. */
export function connectedCell(proxy: Proxy__Output, context: Context): Cell {
  if (proxy.connected) return { text: 'yes', tone: 'good' };
  const away = age(proxy.lastSeen, context.clock.wallMs());
  return {
    text: away === '' ? 'no' : `no, for ${away}`,
    tone: 'bad',
    moving: true,
  };
}

/** `42`, `40 (2 behind)`, or `40 (2 behind, stale)`: it has no control plane to take its configuration from. */
export function revisionCell(proxy: Proxy__Output): Cell {
  const behind = revisionsBehind(proxy);
  const revision = proxy.applied?.position?.revision ?? 'none';
  const doubts = [...(behind > 0 ? [`${behind} behind`] : []), ...(proxy.applied?.stale ? ['stale'] : [])];
  return doubts.length > 0 ? { text: `${revision} (${doubts.join(', ')})`, tone: 'doubtful' } : revision;
}

function revisionsBehind(proxy: Proxy__Output): number {
  return Number(BigInt(proxy.currentRevision) - BigInt(proxy.applied?.position?.revision ?? '0'));
}

/** The value that JSON and YAML show. */
export function proxyPlain(proxy: Proxy__Output): Plain {
  const { applied } = proxy;
  const info = infoOf(proxy);
  return {
    id: info.id,
    zone: info.zone,
    connected: proxy.connected,
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
    workers: proxy.workers.map(({ index, connectionsActive, restarts }) => ({
      index,
      connections: connectionsActive,
      restarts,
    })),
    rejectedListeners: applied?.failedListeners ?? [],
    rejectedSnapshot: rejectedPlain(applied?.rejected ?? null),
  };
}

function rejectedPlain(rejected: RejectedSnapshot__Output | null): Plain | null {
  if (rejected === null) return null;
  return { revision: rejected.position?.revision ?? null, violations: rejected.violations };
}

/** What it says of itself; an empty word where it has said nothing yet. */
export function infoOf({ info }: Proxy__Output): ProxyInfo__Output {
  return info ?? NO_INFO;
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
