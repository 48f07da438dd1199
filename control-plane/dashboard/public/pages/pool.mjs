// One pool: its backends, the actions on them, and where its traffic goes.

import * as actions from '../dialogs/pool-actions.mjs';
import * as form from '../dialogs/resource-form.mjs';
import { kindOf, reasonsOf, wordOf } from '../lib/backend-state.mjs';
import { button, fact, linkTo, mark, pageHead, panel, problemPanel, why } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { missingSubject, poolMark } from '../lib/fleet-tables.mjs';
import { latency, rate, whole, words } from '../lib/format.mjs';
import { problemsOf } from '../lib/model.mjs';
import { column, figures, table } from '../lib/table.mjs';
import { trafficPanel } from '../lib/traffic.mjs';

/** The newest view, and the pool that it shows. */
let newest = null;
const now = () => newest;
const shown = ({ subject }) => subject;
const policyOf = ({ subject, policies }) => policies.rows.find(({ name }) => name === subject?.policy);

/** The pool and backend of an action, as the newest view has them, even after its dialog was opened. */
const current = (row) => () => ({
  page: newest.subject,
  row: newest.subject.backends.rows.find(({ address }) => address === row?.address) ?? row,
});

export const pool = {
  name: 'Pool',
  draw: (model, [name]) => {
    const { view, stats } = model;
    const { subject } = view;
    // The view may still come from the stream of the previous page.
    if (view.asked !== `pools/${name}` || subject === null) {
      return missingSubject(
        view,
        `pools/${name}`,
        `Pool ${name}`,
        ['pools', 'All pools'],
        'There is no such pool.',
      );
    }
    newest = view;
    const traffic = stats?.pools.find((one) => one.pool === name)?.traffic;
    return [
      head(subject),
      problemPanel(problemsOf(view.pageProblems, stats?.pageProblems)),
      panel(`Backends of ${name}`, backendTable(subject, stats, traffic)),
      trafficPanel(model, 'Connect failures'),
    ];
  },
};

function head(page) {
  const { name, policy, policyUsers, strategy, listeners, backends } = page;
  const from = listeners.map((one) =>
    h('span', { key: one.name }, linkTo('listeners', one.name), ` (${one.address}) `),
  );
  return pageHead(
    `Pool ${name}`,
    [
      fact('Up', mark(...poolMark({ ...page, backends: backends.rows.length + backends.more }))),
      fact('Strategy', words(strategy)),
      fact('Policy', policyUsers > 1 ? `${policy}, shared by ${policyUsers} pools` : policy),
      fact('Listeners', from.length === 0 ? 'none' : from),
    ],
    button('Add backends', () => actions.add(current()), { kind: 'primary', key: 'add' }),
    button('Edit pool', () => form.edit('pool', now, shown), { key: 'edit' }),
    // The pool may have another policy by the time that the change is previewed, but this dialog is about the first one.
    button('Edit policy', () => form.edit('policy', now, sameName(policyOf(newest))), { key: 'policy' }),
    button('Delete pool', () => form.remove('pool', now, shown), { kind: 'danger-words', key: 'delete' }),
  );
}

const sameName =
  ({ name }) =>
  ({ policies }) =>
    policies.rows.find((one) => one.name === name);

function backendTable(page, stats, traffic) {
  const own = ({ address }) => stats?.backends.find(({ backend }) => backend.address === address)?.traffic;
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
      { filter: ({ availability }) => wordOf(availability) },
    ),
    figures('Weight', ({ weight }) => weight, whole),
    column('Share', (row) => share(own(row), all), '', { value: (row) => own(row)?.connectionsPerSecond }),
    figures('Connections', ({ connections }) => connections, whole),
    figures('New', (row) => own(row)?.connectionsPerSecond, rate),
    figures('Connect failures', (row) => own(row)?.errorsPerSecond, rate),
    quantiles('Connect', (row) => own(row)?.connect),
    quantiles('First byte', (row) => own(row)?.firstByte),
    column('Actions', backendActions, 'actions'),
  ];
  return table('Backends', columns, page.backends.rows, ({ address }) => address, {
    more: page.backends.more,
    nothing: 'This pool has no backends, so connections of its clients are closed at once.',
  });
}

/** The median, and below it what one in a hundred exceeds, by which the column is sorted. */
const quantiles = (head, read) =>
  column(
    head,
    (row) => [latency(read(row)?.p50), why(read(row) && `p99 ${latency(read(row).p99)}`)],
    'number',
    {
      value: (row) => read(row)?.p99,
    },
  );

function share(traffic, all) {
  if (all === 0 || traffic === undefined) return '–';
  const part = traffic.connectionsPerSecond / all;
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
