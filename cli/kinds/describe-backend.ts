/** `describe backend`: its place in the configuration, and how each proxy sees it. */
import type { Cell } from '../output/table.ts';
import { ageCell } from '../output/human.ts';
import { backendPlain } from './backends.ts';
import { connectionsOf, healthsOf, readBackends, type SeenBackend, type Sight } from './fleet.ts';
import { healthCell, summaryCell } from './health.ts';
import { named } from './one.ts';
import type { Describer } from './page.ts';

export const describeBackend: Describer = async (session, context, name, pool) => {
  const all = await readBackends(session);
  const items = all
    .map((seen) => ({ name: seen.address, pool: seen.pool, seen }))
    .filter((item) => pool === undefined || item.pool === pool);
  const { seen } = named('backends', name, items);
  return {
    name: `${seen.pool}/${seen.address}`,
    plain: backendPlain(seen),
    facts: factsOf(seen),
    tables: [
      {
        title: 'As the proxies see it',
        header: ['PROXY', 'HEALTH', 'SINCE', 'CONNECTIONS', 'ACCEPTED', 'FAILED CONNECTS', 'REASON'],
        rows: seen.sights.map((sight) => sightRow(sight, context.clock.wallMs())),
        none: 'no proxy has reported it',
      },
    ],
  };
};

function factsOf(backend: SeenBackend): [string, Cell][] {
  return [
    ['Backend', backend.address],
    ['Pool', backend.pool],
    ['Weight', String(backend.weight)],
    ['State', backend.state],
    ['Source', sourceText(backend)],
    ['Health', summaryCell(healthsOf(backend))],
    ['Connections', String(connectionsOf(backend))],
    ['Revision', backend.revision],
  ];
}

function sourceText({ source, sourceReason }: SeenBackend): string {
  return sourceReason === '' ? source : `${source}: ${sourceReason}`;
}

function sightRow({ proxyId, connected, health, report }: Sight, nowMs: number): Cell[] {
  return [
    connected ? proxyId : `${proxyId} (away)`,
    healthCell(health),
    ageCell(report.since, nowMs),
    String(report.connectionsActive),
    report.connectionsTotal,
    report.connectFailuresTotal,
    report.reason,
  ];
}
