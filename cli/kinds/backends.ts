/** `get backends`. */
import type { Context } from '../context.ts';
import type { Plain } from '../manifest/print.ts';
import { ageCell, isoTime } from '../output/human.ts';
import type { Cell } from '../output/table.ts';
import { connectionsOf, healthsOf, readBackends, type SeenBackend, type Sight } from './fleet.ts';
import { summaryCell, worstHealth } from './health.ts';
import type { Lister } from './listing.ts';

export const listBackends: Lister = async (session, context) => ({
  header: ['POOL', 'ADDRESS', 'WEIGHT', 'STATE', 'HEALTH', 'CONNECTIONS', 'SOURCE'],
  moreHeader: ['REASON', 'SINCE', 'BY PROXY'],
  items: (await readBackends(session)).map((backend) => ({
    name: backend.address,
    pool: backend.pool,
    plain: backendPlain(backend),
    row: backendRow(backend),
    more: moreOf(backend, context),
  })),
});

/** Its cells, the first of them the pool. */
export function backendRow(backend: SeenBackend): readonly Cell[] {
  const state: Cell = backend.state === 'active' ? backend.state : { text: backend.state, tone: 'doubtful' };
  const health = summaryCell(healthsOf(backend));
  const connections = String(connectionsOf(backend));
  const source: Cell =
    backend.sourceReason === '' ? backend.source : { text: backend.source, tone: 'doubtful' };
  return [backend.pool, backend.address, String(backend.weight), state, health, connections, source];
}

/** The value that JSON and YAML show. */
export function backendPlain(backend: SeenBackend): Plain {
  const { pool, address, weight, state, source, revision } = backend;
  return {
    pool,
    address,
    weight,
    state,
    source,
    health: worstHealth(healthsOf(backend)),
    connections: connectionsOf(backend),
    revision,
    proxies: backend.sights.map(sightPlain),
  };
}

/** A backend as one proxy sees it, for programs. */
export function sightPlain({ proxyId, connected, health, report, revision }: Sight): Plain {
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
    revision: revision,
  };
}

function moreOf(backend: SeenBackend, context: Context): readonly Cell[] {
  const worst = worstHealth(healthsOf(backend));
  const report = backend.sights.find(({ connected, health }) => connected && health === worst)?.report;
  const byProxy = backend.sights
    .map(({ proxyId, connected, report }) =>
      connected ? `${proxyId}=${report.connectionsActive}` : `${proxyId}=away`,
    )
    .join(' ');
  return [
    report?.reason || backend.sourceReason,
    ageCell(report?.since ?? null, context.clock.wallMs()),
    byProxy,
  ];
}
