// Proxies: the revision that each runs, its load, and its problems.

import { h } from '../lib/dom.mjs';
import { age, bytes, counted, moment, rate, whole } from '../lib/format.mjs';
import { column, mark, panel, table, why } from '../lib/components.mjs';
import { proxyMark } from './overview.mjs';

export const proxies = {
  name: 'Proxies',
  draw: ({ view, stats }) => {
    const { connected, behind } = view;
    const { rows, more } = view.proxies;
    const summary = `${connected} of ${counted(rows.length + more, 'proxy', 'proxies')} connected, ${behind === 0 ? 'none' : behind} of them behind revision ${view.revision ?? '–'}`;
    return [
      h('h1', { key: 'h1' }, 'Proxies'),
      h('p', { class: 'lead', key: 'lead' }, summary),
      panel(
        'Roster',
        table('Proxies', columnsOf(stats), rows, ({ id }) => id, {
          more,
          nothing: 'No proxy has reported yet. Try: npx lb-data-plane',
        }),
      ),
    ];
  },
};

function columnsOf(stats) {
  const figures = (id) => stats?.proxies.find(({ proxyId }) => proxyId === id);
  return [
    column('Proxy', (proxy) => [h('strong', {}, proxy.id), why(facts(proxy))], 'brief'),
    column('State', (proxy) => [mark(...proxyMark(proxy)), why(troubles(proxy, figures(proxy.id)))]),
    column(
      'Revision',
      ({ revision, lag }) => [revision ?? 'none yet', why(lag > 0 && `${lag} behind`)],
      'brief',
    ),
    column('Engine', ({ engine, version }) => [engine || '–', why(version)]),
    column('Connections', ({ id, connections }) => [whole(connections), why(limit(figures(id)))], 'number'),
    column('New', ({ id }) => rate(figures(id)?.traffic?.connectionsPerSecond), 'number'),
    column('CPU', ({ id }) => load(figures(id)), 'number'),
    column('Memory', ({ id }) => memory(figures(id)?.residentBytes), 'number'),
    column('Workers', ({ workers }) => workerBars(workers)),
  ];
}

const facts = ({ zone, startedMs }) => [
  zone !== '' && `zone ${zone}`,
  startedMs !== null && `started ${moment(startedMs)}, ${age(Date.now() - startedMs)} ago`,
];

function troubles({ connected, lastSeenMs, refused, failures, stale }, figures) {
  if (!connected)
    return lastSeenMs === null
      ? 'not seen since this control plane started'
      : `last seen ${moment(lastSeenMs)}`;
  return [
    refused !== '' && `refused ${refused}`,
    ...failures,
    stale && 'continues with its last configuration',
    figures?.saturated && 'connection limit reached: new clients wait',
  ];
}

const limit = (figures) => figures?.maxConnections > 0 && `of ${whole(figures.maxConnections)}`;
/** A proxy that reports its process uses some memory. */
const load = (figures) =>
  Number(figures?.residentBytes ?? 0) === 0 ? '–' : `${figures.cpus.toFixed(2)} CPUs`;
const memory = (resident) => (Number(resident ?? 0) === 0 ? '–' : bytes(Number(resident)));

/** A bar per worker, so that an uneven load is visible. */
function workerBars(workers) {
  if (workers.length === 0) return '–';
  const most = Math.max(1, ...workers.map(({ connections }) => connections));
  const restarts = workers.reduce((sum, worker) => sum + worker.restarts, 0);
  return [
    h(
      'ul',
      { class: 'workers', 'aria-label': 'Connections by worker' },
      workers.map(({ index, connections, total, restarts: again }) =>
        h(
          'li',
          {
            key: index,
            title: `worker ${index}: ${connections} connections, ${total} since its start, replaced ${counted(again, 'time')}`,
          },
          h('span', { class: 'bar', style: { '--share': connections / most } }),
          h('span', {}, whole(connections)),
        ),
      ),
    ),
    why(restarts > 0 && `replaced ${counted(restarts, 'time')}`),
  ];
}
