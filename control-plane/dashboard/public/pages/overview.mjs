// The overview: problems and their reasons, then traffic, pools, listeners and proxies.

import { chart } from '../lib/chart.mjs';
import { h } from '../lib/dom.mjs';
import { byteRate, counted, rate, short, whole, words } from '../lib/format.mjs';
import { problemsOf } from '../lib/model.mjs';
import { column, link, mark, panel, poolLink, problemPanel, table, why } from '../lib/components.mjs';
import { tallies } from '../lib/backend-state.mjs';

export const overview = {
  name: 'Overview',
  draw: (model) => {
    const { view } = model;
    const problems = problemsOf(view.problems, model.stats?.problems);
    return [
      h('h1', { class: 'hidden-words', key: 'h1' }, 'Overview'),
      problemPanel(problems, headline(problems)),
      trafficPanel(model),
      panel('Pools', poolTable(model)),
      panel('Listeners', listenerTable(model)),
      panel('Proxies', proxyTable(model)),
    ];
  },
};

function headline({ critical, all }) {
  if (all === 0) return 'Problems';
  if (critical === 0) return counted(all, 'problem');
  const words = counted(critical, 'critical problem');
  return critical === all ? words : `${words}, ${whole(all)} problems in total`;
}

export function trafficPanel({ stats, history }, total = stats?.total) {
  if (stats === null || history.timeMs.length === 0) {
    const words = 'No data yet. No proxy has reported its traffic to this control plane.';
    return panel('Traffic', h('p', { class: 'empty', key: 'no-traffic' }, words));
  }
  const one = (key, title, name, now, show, color) =>
    chart({
      key,
      title,
      now,
      show,
      lines: [{ label: title, color }],
      columns: [history.timeMs, history[name]],
    });
  return panel(
    'Traffic',
    h(
      'div',
      { class: 'charts', key: 'charts' },
      one('active', 'Open connections', 'active', whole(total?.connectionsActive), short, '--line-1'),
      one('rate', 'New connections', 'rate', rate(total?.connectionsPerSecond), rate, '--line-2'),
      one('errors', 'Failed connections', 'errors', rate(total?.errorsPerSecond), rate, '--line-bad'),
      chart({
        key: 'bytes',
        title: 'Bytes in and out',
        now: `${byteRate(total?.bytesInPerSecond)}, ${byteRate(total?.bytesOutPerSecond)}`,
        show: byteRate,
        lines: [
          { label: 'in', color: '--line-3' },
          { label: 'out', color: '--line-4' },
        ],
        columns: [history.timeMs, history.bytesIn, history.bytesOut],
      }),
    ),
  );
}

const trafficOf = (list, name, key) => list?.find((one) => one[key] === name)?.traffic;

export function poolTable({ view, stats }) {
  const traffic = (name) => trafficOf(stats?.pools, name, 'pool');
  const columns = [
    column('Pool', ({ name }) => poolLink(name)),
    column('Up', ({ up, backends }) => mark(upKind(up, backends), `${up} of ${backends}`)),
    column('Backends', ({ availabilities }) => tallies(availabilities)),
    column('Strategy', ({ strategy, policy }) => [words(strategy), why(`policy ${policy}`)]),
    column('Connections', ({ connections }) => whole(connections), 'number'),
    column('New', ({ name }) => rate(traffic(name)?.connectionsPerSecond), 'number'),
    column('Failed connects', ({ name }) => failing(traffic(name)?.errorsPerSecond), 'number'),
  ];
  const { rows, more } = view.pools;
  return table('Pools', columns, rows, ({ name }) => name, {
    more,
    nothing: 'No pools yet. Try: npx lbctl apply -f examples/quickstart.yaml',
  });
}

function upKind(up, backends) {
  if (up === backends && backends > 0) return 'good';
  return up === 0 ? 'bad' : 'warn';
}

const failing = (value) => (value > 0 ? h('strong', { class: 'bad-words' }, rate(value)) : rate(value));

function listenerTable({ view, stats }) {
  const traffic = (name) => trafficOf(stats?.listeners, name, 'listener');
  const columns = [
    column('Listener', ({ name }) => name),
    column('Address', ({ address, failures }) => [h('code', {}, address), why(failures)]),
    column('Pool', ({ pool }) => poolLink(pool)),
    column('Connections', ({ connections }) => whole(connections), 'number'),
    column('New', ({ name }) => rate(traffic(name)?.connectionsPerSecond), 'number'),
    column('Failed', ({ name }) => failing(traffic(name)?.errorsPerSecond), 'number'),
    column('In', ({ name }) => byteRate(traffic(name)?.bytesInPerSecond), 'number'),
    column('Out', ({ name }) => byteRate(traffic(name)?.bytesOutPerSecond), 'number'),
  ];
  const { rows, more } = view.listeners;
  return table('Listeners', columns, rows, ({ name }) => name, { more, nothing: 'No listeners yet.' });
}

function proxyTable({ view, stats }) {
  const traffic = (id) => trafficOf(stats?.proxies, id, 'proxyId');
  const columns = [
    column('Proxy', ({ id }) => link('proxies', id)),
    column('State', (proxy) => mark(...proxyMark(proxy))),
    column('Revision', ({ revision, lag }) => [revision ?? 'none', lag > 0 && ` (${lag} behind)`]),
    column('Connections', ({ connections }) => whole(connections), 'number'),
    column('New', ({ id }) => rate(traffic(id)?.connectionsPerSecond), 'number'),
  ];
  const { rows, more } = view.proxies;
  return table('Proxies', columns, rows, ({ id }) => id, {
    more,
    nothing: 'No proxy has reported yet. Try: npx lb-data-plane',
  });
}

export function proxyMark({ connected, refused, failures, stale }) {
  if (!connected) return ['bad', 'disconnected'];
  if (refused !== '') return ['bad', 'refused a revision'];
  if (failures.length > 0) return ['bad', "can't bind every listener"];
  return stale ? ['warn', 'without a control plane'] : ['good', 'connected'];
}
