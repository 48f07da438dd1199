/** `health`: one row for each backend and proxy. */
import { ageCell } from '../output/human.ts';
import { sightPlain } from './backends.ts';
import { readBackends, type SeenBackend } from './fleet.ts';
import { healthCell } from './health.ts';
import type { Item, Lister } from './listing.ts';

export const listSights: Lister = async (session, context) => {
  const nowMs = context.clock.wallMs();
  return {
    header: ['POOL', 'ADDRESS', 'PROXY', 'HEALTH', 'SINCE', 'REASON'],
    moreHeader: ['STATE', 'CONNECTIONS'],
    items: (await readBackends(session)).flatMap((backend) =>
      backend.sights.length === 0 ? [unseen(backend)] : sightsOf(backend, nowMs),
    ),
  };
};

function sightsOf(backend: SeenBackend, nowMs: number): Item[] {
  const { pool, address, state } = backend;
  return backend.sights.map((sight) => {
    const proxy = sight.connected ? sight.proxyId : `${sight.proxyId} (away)`;
    return {
      name: `${pool}/${address}/${sight.proxyId}`,
      pool,
      plain: { pool, address, state, ...sightPlain(sight) },
      row: [
        pool,
        address,
        proxy,
        healthCell(sight.health),
        ageCell(sight.report.since, nowMs),
        sight.report.reason,
      ],
      more: [state, String(sight.report.connectionsActive)],
    };
  });
}

function unseen({ pool, address, state }: SeenBackend): Item {
  const reason = 'no proxy has reported it';
  return {
    name: `${pool}/${address}/`,
    pool,
    plain: { pool, address, state, proxy: null, connected: false, health: 'unknown', reason, since: null },
    row: [pool, address, '', healthCell('unknown'), '', reason],
    more: [state, ''],
  };
}
