// The tables of pools, listeners and proxies.

import { tallies } from './backend-state.mjs';
import { linkTo, mark, since, why } from './components.mjs';
import { h } from './dom.mjs';
import { age, byteRate, bytes, counted, latency, moment, rate, whole, words } from './format.mjs';
import { column, figures, table } from './table.mjs';

const trafficOf = (list, name, key) => list?.find((one) => one[key] === name)?.traffic;

/** How bad a pool is, and in words. */
export function poolMark({ up, backends, noneHealthy, expected }) {
  if (up === null) return ['plain', 'not reported'];
  if (noneHealthy) return ['bad', noneHealthy];
  if (expected) return [expected.problem ? 'bad' : 'good', expected.problem ?? expected.text];
  if (up === backends && backends > 0) return ['good', `${up} of ${backends}`];
  return [up === 0 ? 'bad' : 'warn', `${up} of ${backends}`];
}

/** Which tier serves, or what clients get, and since when. */
export const servingWords = ({ serving }) => serving.map(({ text, sinceMs }) => `${text}, ${since(sinceMs)}`);

const failing = (value) => (value > 0 ? h('strong', { class: 'bad-words' }, rate(value)) : rate(value));

export function poolTable({ view, stats }, first) {
  const traffic = ({ name }) => trafficOf(stats?.pools, name, 'pool');
  const waiting = ({ name }) => stats?.pools.find(({ pool }) => pool === name)?.waiting;
  const columns = [
    column('Pool', ({ name }) => linkTo('pools', name)),
    column('Up', (pool) => [mark(...poolMark(pool)), why(servingWords(pool))], '', {
      value: ({ up, backends }) => (up === null ? null : up / Math.max(1, backends)),
      filter: (pool) =>
        ({ good: 'all up', plain: 'not reported', warn: 'some down', bad: 'none up' })[poolMark(pool)[0]],
    }),
    column('Backends', ({ availabilities, expected }) => tallies(availabilities, expected), '', {
      value: ({ backends }) => backends,
    }),
    column('Strategy', ({ strategy, policy }) => [words(strategy), why(`policy ${policy}`)], '', {
      filter: ({ strategy }) => words(strategy),
    }),
    figures('Connections', ({ connections }) => connections, whole),
    ...(stats?.pools.some((each) => each.waiting) ? [figures('Waiting', waiting, whole)] : []),
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
    column('Address', ({ address, failures }) => [
      h('code', {}, address),
      why(failures.rows, failures.more > 0 && `and ${counted(failures.more, 'proxy', 'proxies')} more`),
    ]),
    column('Pool', ({ pools }) => pools.map((pool) => [linkTo('pools', pool), ' ']), '', {
      filter: ({ pools }) => pools.join(' '),
    }),
    figures('Connections', ({ connections }) => connections, whole),
    figures('New', (one) => traffic(one)?.connectionsPerSecond, rate),
    figures('Failed', (one) => traffic(one)?.errorsPerSecond, failing),
    figures('In', (one) => traffic(one)?.bytesInPerSecond, byteRate),
    figures('Out', (one) => traffic(one)?.bytesOutPerSecond, byteRate),
  ];
  const { rows, more } = view.listeners;
  return table('Listeners', columns, rows, ({ name }) => name, { more, first, nothing: 'No listeners yet.' });
}

/** What several processes with one id report can't be told apart. */
export const statsOf = (stats, { id, sameId }) =>
  sameId.length > 0 ? undefined : stats?.proxies.find(({ proxyId }) => proxyId === id);

export function proxyTable({ view, stats }, first) {
  const own = (proxy) => statsOf(stats, proxy);
  const columns = [
    column('Proxy', (proxy) => [linkTo('proxies', proxy.id), why(facts(proxy))], 'brief'),
    column('State', (proxy) => [mark(...proxyMark(proxy)), why(troubles(proxy, own(proxy)))], '', {
      filter: (proxy) => proxyMark(proxy)[1],
    }),
    figures('Revision', ({ revision }) => revision, whole),
    figures('Behind', ({ lag }) => lag || null, whole),
    column('Engine', ({ engine, version }) => [engine || '–', why(version)]),
    column('Connections', (row) => [whole(row.connections), why(limit(own(row)))], 'number', {
      value: ({ connections }) => connections,
    }),
    figures('New', (row) => own(row)?.traffic?.connectionsPerSecond, rate),
    column('CPUs', (row) => cpus(own(row)), 'number', { value: (row) => cpusOf(own(row)) }),
    column('Memory', (row) => memory(own(row)), 'number', { value: (row) => residentOf(own(row)) }),
    column('Workers', workerBars, '', { value: ({ workers }) => workers.length }),
  ];
  const { rows, more } = view.proxies;
  return table('Proxies', columns, rows, ({ key }) => key, {
    more,
    first,
    nothing: 'No proxy has reported yet. Try: node dist/data-plane/main.js',
  });
}

const facts = ({ zone, startedMs, peer, sameId }) => [
  sameId.length > 0 && `from ${peer}`,
  zone !== '' && `zone ${zone}`,
  startedMs !== null && `started ${moment(startedMs)}, ${age(Date.now() - startedMs)} ago`,
];

function troubles({ connected, lastSeenMs, refused, failures, stale }, own) {
  if (!connected)
    return lastSeenMs === null
      ? 'not seen since this control plane started'
      : `last seen ${moment(lastSeenMs)}`;
  return [
    refused !== '' && `refused ${refused}`,
    ...failures.rows,
    failures.more > 0 && `and ${counted(failures.more, 'listener')} more`,
    stale && 'continues with its last configuration',
    own?.saturated && 'connection limit reached: new clients wait',
  ];
}

const limit = (own) => own?.maxConnections > 0 && `of ${whole(own.maxConnections)}`;
/** A proxy that reports its process uses some memory. */
const residentOf = (own) => Number(own?.residentBytes ?? 0) || null;
const cpusOf = (own) => (residentOf(own) === null ? null : own.cpus);
export const cpus = (own) => cpusOf(own)?.toFixed(2) ?? '–';
export const memory = (own) => bytes(residentOf(own));

/** A bar per worker, so that an uneven load is visible. */
export function workerBars({ connected, workers }) {
  // What a proxy that is away reported last says nothing about now.
  if (!connected || workers.length === 0) return '–';
  const most = Math.max(1, ...workers.map(({ connections }) => connections));
  const restarts = workers.reduce((sum, worker) => sum + worker.restarts, 0);
  const bar = ({ index, connections, total, restarts: again }) => {
    const title = `worker ${index}: ${connections} connections, ${total} since its start, replaced ${counted(again, 'time')}`;
    const share = h('span', { class: 'bar', style: { '--share': connections / most } });
    return h('li', { key: index, title }, share, h('span', {}, whole(connections)));
  };
  return [
    h('ul', { class: 'workers', 'aria-label': 'Connections by worker' }, workers.map(bar)),
    why(restarts > 0 && `replaced ${counted(restarts, 'time')}`),
  ];
}

export function proxyMark({ connected, sameId, refused, failures, stale }) {
  if (sameId.length > 0) return ['bad', 'id is not unique'];
  if (!connected) return ['bad', 'disconnected'];
  if (refused !== '') return ['bad', 'refused a revision'];
  if (failures.rows.length > 0) return ['bad', "can't run every listener"];
  return stale ? ['warn', 'without a control plane'] : ['good', 'connected'];
}
