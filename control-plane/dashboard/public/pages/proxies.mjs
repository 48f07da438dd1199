// Proxies: the revision that each runs, its load, and its problems; and one of them, with what it serves and sees.

import { forget } from '../dialogs/resource-form.mjs';
import { button, fact, linkTo, mark, pageHead, panel, problemPanel, since, why } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { missingSubject, proxyColumns, proxyMark, proxyTable } from '../lib/fleet-tables.mjs';
import { age, bytes, counted, moment, rate, whole } from '../lib/format.mjs';
import { problemsOf } from '../lib/model.mjs';
import { column, figures, table } from '../lib/table.mjs';
import { trafficPanel } from '../lib/traffic.mjs';

/** As many are named in a row; the page of the proxy has all of them. */
const MAX_FAILURES = 1;

export const proxies = {
  name: 'Proxies',
  draw: ({ view, stats }) => {
    const { connected, behind } = view;
    const { rows, more } = view.proxies;
    const summary = `${connected} of ${counted(rows.length + more, 'proxy', 'proxies')} connected, ${behind === 0 ? 'none' : behind} of them behind revision ${view.revision ?? '–'}`;
    return [
      h('h1', { key: 'h1' }, 'Proxies'),
      h('p', { class: 'lead', key: 'lead' }, summary),
      panel('Roster', proxyTable(view.proxies, columnsOf(stats))),
    ];
  },
};

const statsOf = (stats, id) => stats?.proxies.find(({ proxyId }) => proxyId === id);

function columnsOf(stats) {
  const own = ({ id }) => statsOf(stats, id);
  const { proxy, state, revision, lag } = proxyColumns;
  return [
    proxy(facts),
    state((row) => troubles(row, own(row))),
    revision,
    lag,
    column('Engine', ({ engine, version }) => [engine || '–', why(version)]),
    column('Connections', (row) => [whole(row.connections), why(limit(own(row)))], 'number', {
      value: ({ connections }) => connections,
    }),
    figures('New', (row) => own(row)?.traffic?.connectionsPerSecond, rate),
    figures('CPUs', (row) => cpusOf(own(row)), cpus),
    figures('Memory', (row) => residentOf(own(row)), memory),
    column('Workers', ({ workers }) => workerBars(workers), '', { value: ({ workers }) => workers.length }),
  ];
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
    ...failures.slice(0, MAX_FAILURES),
    failures.length > MAX_FAILURES && `and ${counted(failures.length - MAX_FAILURES, 'listener')} more`,
    stale && 'continues with its last configuration',
    own?.saturated && 'connection limit reached: new clients wait',
  ];
}

const limit = (own) => own?.maxConnections > 0 && `of ${whole(own.maxConnections)}`;
/** A proxy that reports its process uses some memory. */
const residentOf = (own) => Number(own?.residentBytes ?? 0) || null;
const cpusOf = (own) => (residentOf(own) === null ? null : own.cpus);
const cpus = (value) => value?.toFixed(2) ?? '–';
const memory = (value) => (value === null ? '–' : bytes(value));

/** A bar per worker, so that an uneven load is visible. */
function workerBars(workers) {
  if (workers.length === 0) return '–';
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

export const proxy = {
  name: 'Proxy',
  draw: (model, [id]) => {
    const { view, stats } = model;
    const { subject } = view;
    if (view.asked !== `proxies/${id}` || subject === null) {
      const list = ['proxies', 'All proxies'];
      return missingSubject(
        view,
        `proxies/${id}`,
        `Proxy ${id}`,
        list,
        'There is no such proxy on the roster.',
      );
    }
    const own = statsOf(stats, id);
    const {
      connected,
      revision,
      lag,
      engine,
      version,
      adminAddress,
      workers,
      listeners,
      backends,
      complaints,
      startedMs,
      zone,
      peer,
    } = subject;
    const behind = lag > 0 ? `, ${lag} behind` : '';
    return [
      pageHead(
        `Proxy ${id}`,
        [
          fact('State', mark(...proxyMark(subject))),
          fact('Revision', `${revision ?? 'none yet'}${behind}`),
          fact('Engine', `${engine || '–'} ${version}`),
          fact('Metrics', adminAddress || '–'),
          fact('CPUs', cpus(cpusOf(own))),
          fact('Memory', memory(residentOf(own))),
          startedMs !== null && fact('Started', `${moment(startedMs)}, ${age(Date.now() - startedMs)} ago`),
          zone !== '' && fact('Zone', zone),
          peer !== '' && fact('Reports from', peer),
        ],
        !connected && button('Forget', () => forget({ id }), { kind: 'danger-words', key: 'forget' }),
      ),
      problemPanel(problemsOf(view.pageProblems, stats?.pageProblems)),
      trafficPanel(model),
      panel(
        'Listeners',
        table('Listeners', LISTENERS, listeners, ({ name }) => name, { nothing: 'It serves no listener.' }),
      ),
      panel(
        'Backends that it does not find healthy',
        table('Backends', COMPLAINTS, complaints.rows, ({ pool, address }) => `${pool}/${address}`, {
          more: complaints.more,
          nothing: `None of ${counted(backends, 'backend')}.`,
        }),
      ),
      panel('Workers', h('div', { class: 'empty', key: 'workers' }, workerBars(workers))),
    ];
  },
};

const LISTENERS = [
  column('Listener', ({ name }) => linkTo('listeners', name)),
  figures('Connections', ({ connections }) => connections, whole),
  figures('Since its start', ({ total }) => total, whole),
];

const COMPLAINTS = [
  column('Pool', ({ pool }) => linkTo('pools', pool), '', { filter: ({ pool }) => pool }),
  column('Backend', ({ address }) => h('code', {}, address)),
  column('Health', ({ health }) => mark('bad', health), '', { filter: ({ health }) => health }),
  column('Reason', ({ reason }) => reason || '–', '', { filter: ({ reason }) => reason }),
  column('Since', ({ sinceMs }) => since(sinceMs) || '–', '', { value: ({ sinceMs }) => sinceMs }),
];
