// One pool: its backends, the actions on them, and where its traffic goes.

import { chart } from '../lib/chart.mjs';
import { h } from '../lib/dom.mjs';
import { latency, rate, whole, words } from '../lib/format.mjs';
import { button, column, link, mark, panel, problemPanel, table, why } from '../lib/components.mjs';
import { kindOf, reasonsOf, wordOf } from '../lib/backend-state.mjs';
import { problemsOf } from '../lib/model.mjs';
import * as actions from '../dialogs/pool-actions.mjs';
import { trafficPanel } from './overview.mjs';

/** The CSS variables of the line colors (colors.css). */
const LINES = Array.from({ length: 8 }, (_, index) => `--line-${index + 1}`);

/** The newest view of the pool that is shown. */
let newest = null;

/** The pool and backend of an action, as the newest view has them, even after its dialog was opened. */
const current = (row) => () => ({
  page: newest,
  row: newest.backends.rows.find(({ address }) => address === row?.address) ?? row,
});

export const pool = {
  name: 'Pool',
  /** The name of the pool whose figures the stream must have. */
  poolOf: ([name]) => name,
  draw: (model, [name]) => {
    const { view, stats } = model;
    const page = view.pool;
    // The view may still come from the stream of the previous page.
    if (page?.name !== name) return missing(view, name);
    newest = page;
    const traffic = stats?.pools.find((one) => one.pool === name)?.traffic;
    const problems = problemsOf(view.poolProblems, stats?.problems);
    return [
      head(page, view),
      problems.all > 0 && problemPanel(problems),
      panel(`Backends of ${name}`, backendTable(page, stats, traffic)),
      movement(model),
      trafficPanel(model, traffic),
    ];
  },
};

function missing(view, name) {
  const words = view.asked === name ? ['There is no such pool. ', link('pools', 'All pools')] : 'Reading …';
  return [h('h1', { key: 'h1' }, `Pool ${name}`), h('p', { class: 'empty', key: 'missing' }, words)];
}

function head(page, view) {
  const { name, up, policy, policyUsers, strategy, listeners, backends } = page;
  const from = listeners.map((one) => `${one.name} (${one.address})`).join(', ');
  return h(
    'div',
    { class: 'page-head', key: 'head' },
    h(
      'div',
      {},
      h('h1', {}, `Pool ${name}`),
      h(
        'dl',
        { class: 'facts' },
        fact('Up', `${up} of ${backends.rows.length + backends.more}`),
        fact('Strategy', words(strategy)),
        fact('Policy', policyUsers > 1 ? `${policy}, shared by ${policyUsers} pools` : policy),
        fact('Listeners', from || 'none'),
      ),
    ),
    h(
      'div',
      { class: 'tools' },
      button('Add backends', () => actions.add(current()), { kind: 'primary' }),
      button('Change strategy', () => actions.strategy(current())),
      button('Change policy', () => actions.policy(current(), view.policies.rows)),
    ),
  );
}

const fact = (name, value) => h('div', { key: name }, h('dt', {}, name), h('dd', {}, value));

function backendTable(page, stats, traffic) {
  const figures = (address) => stats?.backends.find(({ backend }) => backend.address === address)?.traffic;
  const all = traffic?.connectionsPerSecond ?? 0;
  const columns = [
    column('Backend', ({ address, source }) => [
      h('code', {}, address),
      why(source === 'registered' && 'registered itself'),
    ]),
    column(
      'State',
      (row) => [mark(kindOf(row.availability), wordOf(row.availability)), why(reasonsOf(row))],
      'state',
    ),
    column('Weight', ({ weight }) => whole(weight), 'number'),
    column('Share', ({ address }) => share(figures(address), all)),
    column('Connections', ({ connections }) => whole(connections), 'number'),
    column('New', ({ address }) => rate(figures(address)?.connectionsPerSecond), 'number'),
    column('Failed', ({ address }) => rate(figures(address)?.errorsPerSecond), 'number'),
    column('Connect p50 / p99', ({ address }) => pair(figures(address)?.connect), 'number'),
    column('First byte p50 / p99', ({ address }) => pair(figures(address)?.firstByte), 'number'),
    column('Actions', backendActions, 'actions'),
  ];
  return table('Backends', columns, page.backends.rows, ({ address }) => address, {
    more: page.backends.more,
    nothing: 'This pool has no backends, so connections of its clients are closed at once.',
  });
}

const pair = (quantiles) => `${latency(quantiles?.p50)} / ${latency(quantiles?.p99)}`;

function share(traffic, all) {
  if (all === 0) return '–';
  const part = (traffic?.connectionsPerSecond ?? 0) / all;
  return h(
    'span',
    { class: 'share', title: 'share of the new connections of this pool' },
    h('span', { class: 'bar', style: { '--share': part } }),
    h('span', { class: 'share-words' }, `${Math.round(part * 100)} %`),
  );
}

function backendActions(row) {
  if (row.source === 'registered') return h('span', { class: 'quiet' }, 'removed when its process stops');
  // Each button has a key, so the focus stays on the same action when somebody changes the state.
  const one = (name, act, kind = 'small', key = name) =>
    button(name, () => act(current(row)), { kind, key, label: `${name} ${row.address}` });
  return h(
    'div',
    { class: 'actions-row' },
    row.state !== 'active' && one('Enable', actions.enable, 'small', 'turn'),
    row.state === 'active' && one('Drain', actions.drain, 'small', 'turn'),
    row.state !== 'disabled' && one('Disable', actions.disable),
    one('Weight', actions.weight),
    one('Remove', actions.remove, 'small danger'),
  );
}

/** New connections per second of each backend since the page was opened, to see how traffic moves after a change. */
function movement({ backends }) {
  const lines = backends.lines.flatMap((label, index) =>
    label === null ? [] : [{ label, color: LINES[index] }],
  );
  if (lines.length === 0) return null;
  const few =
    backends.rates.size > lines.length ? `the busiest ${lines.length} of ${backends.rates.size}, ` : '';
  return panel(
    'Where new connections go',
    chart({
      key: 'movement',
      title: 'New connections by backend',
      now: '',
      show: rate,
      lines,
      columns: [backends.timeMs, ...lines.map(({ label }) => backends.rates.get(label))],
      hint: `${few}since this page was opened`,
    }),
  );
}
