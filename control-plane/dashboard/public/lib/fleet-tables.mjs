// The tables of pools, listeners and proxies.

import { tallies } from './backend-state.mjs';
import { link, linkTo, mark, why } from './components.mjs';
import { h } from './dom.mjs';
import { byteRate, latency, rate, whole, words } from './format.mjs';
import { column, figures, table } from './table.mjs';

const trafficOf = (list, name, key) => list?.find((one) => one[key] === name)?.traffic;

/** How bad a pool is, and in words. */
export function poolMark({ up, backends, panic }) {
  if (up === null) return ['plain', 'not reported'];
  if (panic) return ['bad', 'none is healthy: all are used'];
  if (up === backends && backends > 0) return ['good', `${up} of ${backends}`];
  return [up === 0 ? 'bad' : 'warn', `${up} of ${backends}`];
}

const failing = (value) => (value > 0 ? h('strong', { class: 'bad-words' }, rate(value)) : rate(value));

export function poolTable({ view, stats }, first) {
  const traffic = ({ name }) => trafficOf(stats?.pools, name, 'pool');
  const columns = [
    column('Pool', ({ name }) => linkTo('pools', name)),
    column('Up', (pool) => mark(...poolMark(pool)), '', {
      value: ({ up, backends }) => (up === null ? null : up / Math.max(1, backends)),
      filter: (pool) =>
        ({ good: 'all up', plain: 'not reported', warn: 'some down', bad: 'none up' })[poolMark(pool)[0]],
    }),
    column('Backends', ({ availabilities }) => tallies(availabilities), '', {
      value: ({ backends }) => backends,
    }),
    column('Strategy', ({ strategy, policy }) => [words(strategy), why(`policy ${policy}`)], '', {
      filter: ({ strategy }) => words(strategy),
    }),
    figures('Connections', ({ connections }) => connections, whole),
    figures('New', (pool) => traffic(pool)?.connectionsPerSecond, rate),
    figures('Connect failures', (pool) => traffic(pool)?.errorsPerSecond, failing),
    figures('First byte p99', (pool) => traffic(pool)?.firstByte?.p99, latency),
  ];
  const { rows, more } = view.pools;
  return table('Pools', columns, rows, ({ name }) => name, {
    more,
    first,
    nothing: 'No pools yet. Try: npx lbctl apply -f examples/quickstart.yaml',
  });
}

export function listenerTable({ view, stats }, first) {
  const traffic = ({ name }) => trafficOf(stats?.listeners, name, 'listener');
  const columns = [
    column('Listener', ({ name }) => linkTo('listeners', name)),
    column('Address', ({ address, failures }) => [h('code', {}, address), why(failures)]),
    column('Pool', ({ pool }) => linkTo('pools', pool), '', { filter: ({ pool }) => pool }),
    figures('Connections', ({ connections }) => connections, whole),
    figures('New', (one) => traffic(one)?.connectionsPerSecond, rate),
    figures('Failed', (one) => traffic(one)?.errorsPerSecond, failing),
    figures('In', (one) => traffic(one)?.bytesInPerSecond, byteRate),
    figures('Out', (one) => traffic(one)?.bytesOutPerSecond, byteRate),
  ];
  const { rows, more } = view.listeners;
  return table('Listeners', columns, rows, ({ name }) => name, { more, first, nothing: 'No listeners yet.' });
}

/** What every table of proxies begins with. */
export const proxyColumns = {
  proxy: (facts = () => []) =>
    column('Proxy', (proxy) => [linkTo('proxies', proxy.id), why(facts(proxy))], 'brief'),
  state: (troubles = () => []) =>
    column('State', (proxy) => [mark(...proxyMark(proxy)), why(troubles(proxy))], '', {
      filter: (proxy) => proxyMark(proxy)[1],
    }),
  revision: figures('Revision', ({ revision }) => revision, whole),
  lag: column('Behind', ({ lag }) => (lag > 0 ? whole(lag) : '–'), 'number', {
    value: ({ lag }) => lag || null,
  }),
  connections: figures('Connections', ({ connections }) => connections, whole),
  rate: (stats) =>
    figures('New', ({ id }) => trafficOf(stats?.proxies, id, 'proxyId')?.connectionsPerSecond, rate),
};

export function proxyTable({ rows, more }, columns, first) {
  return table('Proxies', columns, rows, ({ key }) => key, {
    more,
    first,
    nothing: 'No proxy has reported yet. Try: npx lb-data-plane',
  });
}

export function proxyMark({ connected, sameId, refused, failures, stale }) {
  if (sameId.length > 0) return ['bad', 'id used by several processes'];
  if (!connected) return ['bad', 'disconnected'];
  if (refused !== '') return ['bad', 'refused a revision'];
  if (failures.length > 0) return ['bad', "can't bind every listener"];
  return stale ? ['warn', 'without a control plane'] : ['good', 'connected'];
}

/** The page of something that is not there, or that is being read. */
export function missingSubject({ asked }, page, title, list, words) {
  const text = asked === page ? [`${words} `, link(...list)] : 'Reading …';
  return [h('h1', { key: 'h1' }, title), h('p', { class: 'empty', key: 'missing' }, text)];
}
