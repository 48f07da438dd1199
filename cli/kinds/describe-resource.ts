/** `describe pool`, `describe policy` and `describe listener`. */
import { policyFromWire } from '../../core/wire/policy-codec.ts';
import type { Plain } from '../manifest/print.ts';
import type { Cell } from '../output/table.ts';
import { backendRow } from './backends.ts';
import { healthsOf, joinBackends } from './fleet.ts';
import { worstHealth } from './health.ts';
import { listenerConnections, listenerPlain, rejectionsOf } from './listeners.ts';
import { unknownName } from './names.ts';
import type { Describer } from './page.ts';
import { checkText, policyPlain } from './policies.ts';
import { healthyCell, poolPlain } from './pools.ts';

/** The pool, the policy in effect, the listeners that use it, and its backends. */
export const describePool: Describer = async (session, _context, name) => {
  const [{ pools }, { registrations }, { policies }, { listeners }, { statuses }, { proxies }] =
    await Promise.all([
      session.read('pools', 'ListPools', {}),
      session.read('registrations', 'ListRegistrations', {}),
      session.read('policies', 'ListPolicies', {}),
      session.read('listeners', 'ListListeners', {}),
      session.read('fleet', 'ListBackendStatus', { pool: name }),
      session.read('fleet', 'ListProxies', {}),
    ]);
  const pool = oneOf('pool', name, pools);
  const backends = joinBackends([pool], registrations, statuses, proxies);
  const wirePolicy = policies.find((policy) => policy.name === pool.policy);
  const policy = wirePolicy && policyFromWire(wirePolicy, '', []);
  const users = listeners.filter((listener) => listener.pool === name);
  const healths = backends.map((backend) => ({
    address: backend.address,
    health: worstHealth(healthsOf(backend)),
  }));
  return {
    name,
    plain: { ...poolPlain(pool), listeners: users.map((listener) => listener.name), health: healths },
    facts: [
      ['Pool', name],
      [
        'Policy',
        policy ? `${policy.name}: ${policy.strategy}, health check ${checkText(policy)}` : pool.policy,
      ],
      ['Listeners', users.map((listener) => `${listener.name} (${listener.address})`).join(', ')],
      ['Backends', healthyCell(backends)],
      ['Revision', pool.revision],
    ],
    tables: [
      {
        title: 'Backends',
        header: ['ADDRESS', 'WEIGHT', 'STATE', 'HEALTH', 'CONNECTIONS', 'SOURCE'],
        rows: backends.map((backend) => backendRow(backend).slice(1)),
        none: `none; add one with: lbctl backend add ${name} IP:PORT`,
      },
    ],
  };
};

/** Every field of the policy, and the pools that use it. */
export const describePolicy: Describer = async (session, _context, name) => {
  const [{ policies }, { pools }] = await Promise.all([
    session.read('policies', 'ListPolicies', {}),
    session.read('pools', 'ListPools', {}),
  ]);
  const plain = policyPlain(oneOf('policy', name, policies));
  const users = pools.filter((pool) => pool.policy === name).map((pool) => pool.name);
  return {
    name,
    plain: { ...plain, pools: users },
    facts: [['Policy', name], ...factsOf(plain), ['Used by pools', users.join(', ')]],
    tables: [],
  };
};

/** The listener, its pool, and how it fares on each proxy. */
export const describeListener: Describer = async (session, _context, name) => {
  const [{ listeners }, { proxies }] = await Promise.all([
    session.read('listeners', 'ListListeners', {}),
    session.read('fleet', 'ListProxies', {}),
  ]);
  const listener = oneOf('listener', name, listeners);
  const rejections = rejectionsOf(name, proxies);
  const byProxy = proxies
    .filter(({ connected }) => connected)
    .map((proxy) => {
      const proxyId = proxy.info?.id ?? '';
      const rejected = rejections.find((rejection) => rejection.proxyId === proxyId)?.reason ?? null;
      return { proxy: proxyId, connections: listenerConnections(name, [proxy]), rejected };
    });
  return {
    name,
    plain: { ...listenerPlain(listener), proxies: byProxy },
    facts: [
      ['Listener', name],
      ['Address', listener.address],
      ['Pool', listener.pool],
      ['Revision', listener.revision],
    ],
    tables: [
      {
        title: 'Proxies',
        header: ['PROXY', 'CONNECTIONS', 'REJECTED'],
        rows: byProxy.map(({ proxy, connections, rejected }) => [
          proxy,
          String(connections),
          rejected === null ? 'no' : { text: rejected, tone: 'bad' as const },
        ]),
        none: 'no proxy is connected',
      },
    ],
  };
};

function oneOf<T extends { readonly name: string }>(kind: string, name: string, all: readonly T[]): T {
  const found = all.find((one) => one.name === name);
  if (found) return found;
  throw unknownName(
    kind,
    name,
    all.map((one) => one.name),
  );
}

/** `health_check.interval` and its like, each on a line. */
function factsOf(plain: Plain, prefix = ''): [string, Cell][] {
  return Object.entries(plain).flatMap(([field, value]): [string, Cell][] => {
    if (prefix === '' && (field === 'kind' || field === 'name')) return [];
    if (typeof value === 'object' && value !== null) return factsOf(value as Plain, `${prefix}${field}.`);
    return [[`${prefix}${field}`, String(value)]];
  });
}
