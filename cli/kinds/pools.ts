/** `get pools`. */
import type { Pool__Output } from '../../core/wire/generated/lb/v1/Pool.ts';
import { poolDraftFromWire } from '../../core/wire/resource-codec.ts';
import { type Plain, toManifest } from '../manifest/print.ts';
import type { Cell } from '../output/table.ts';
import { healthsOf, joinBackends, type SeenBackend } from './fleet.ts';
import { worstHealth } from './health.ts';
import type { Lister } from './listing.ts';

export const listPools: Lister = async (session) => {
  const [{ pools }, { registrations }, { listeners }, { statuses }, { proxies }] = await Promise.all([
    session.read('pools', 'ListPools', {}),
    session.read('registrations', 'ListRegistrations', {}),
    session.read('listeners', 'ListListeners', {}),
    session.read('fleet', 'ListBackendStatus', {}),
    session.read('fleet', 'ListProxies', {}),
  ]);
  const seen = joinBackends(pools, registrations, statuses, proxies);
  return {
    header: ['NAME', 'POLICY', 'BACKENDS'],
    moreHeader: ['LISTENERS', 'REVISION'],
    items: pools.map((pool) => ({
      name: pool.name,
      pool: pool.name,
      plain: poolPlain(pool),
      row: [pool.name, pool.policy, healthyCell(seen.filter((backend) => backend.pool === pool.name))],
      more: [
        listeners
          .filter((listener) => listener.pool === pool.name)
          .map(({ name }) => name)
          .join(' '),
        pool.revision,
      ],
    })),
  };
};

/** The manifest, with revisions. */
export function poolPlain(pool: Pool__Output): Plain {
  const manifest = toManifest({ kind: 'pool', value: poolDraftFromWire(pool, '', []) });
  const backends = (manifest['backends'] as Plain[]).map((backend, index) => ({
    ...backend,
    revision: pool.backends[index]?.revision ?? '0',
  }));
  return { ...manifest, backends, revision: pool.revision };
}

/** `2/3 healthy`. */
export function healthyCell(backends: readonly SeenBackend[]): Cell {
  const healthy = backends.filter((backend) => worstHealth(healthsOf(backend)) === 'healthy').length;
  const text = `${healthy}/${backends.length} healthy`;
  if (healthy === backends.length) return backends.length === 0 ? text : { text, tone: 'good' };
  return { text, tone: healthy === 0 ? 'bad' : 'doubtful' };
}
