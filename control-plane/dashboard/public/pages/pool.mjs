// One pool: its backends, the actions on them, and where its traffic goes.

import * as actions from '../dialogs/pool-actions.mjs';
import * as form from '../dialogs/resource-form.mjs';
import { kindOf, reasonsOf, wordOf } from '../lib/backend-state.mjs';
import { button, fact, linkTo, mark, pageHead, panel, why } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { poolMark, servingWords } from '../lib/fleet-tables.mjs';
import { latency, rate, whole, words } from '../lib/format.mjs';
import { subjectPage } from '../lib/subject-page.mjs';
import { column, figures, table } from '../lib/table.mjs';
import { trafficPanel } from '../lib/traffic.mjs';

export const pool = subjectPage('Pool', 'pools', (model, subject) => {
  // The pool and backend of an action, as the newest view has them, even after its dialog was opened.
  const current = (row) => () => {
    const page = model.view.subject ?? subject;
    return { page, row: page.backends.rows.find(({ address }) => address === row?.address) ?? row };
  };
  return [
    head(model, subject, current),
    panel(`Backends of ${subject.name}`, backendTable(model.stats, subject, current)),
    trafficPanel(model, 'Connect failures'),
  ];
});

function head(model, page, current) {
  const { name, policy, policyUsers, strategy, fields, listeners, backends } = page;
  const from = listeners.map((one) =>
    h('span', { key: one.name }, linkTo('listeners', one.name), ` (${one.address}) `),
  );
  return pageHead(
    `Pool ${name}`,
    [
      fact('Up', mark(...poolMark({ ...page, backends: backends.rows.length + backends.more }))),
      page.serving.length > 0 && fact('Serving', why(servingWords(page))),
      fact('Strategy', words(strategy)),
      fact('Policy', policyUsers > 1 ? `${policy}, shared by ${policyUsers} pools` : policy),
      ...fields.map(([field, text]) => fact(field, text)),
      fact('Listeners', from.length === 0 ? 'none' : from),
    ],
    button('Add backends', () => actions.add(current()), { kind: 'primary', key: 'add' }),
    button('Edit pool', () => form.edit('pool', model, form.shown), { key: 'edit' }),
    button('Edit policy', () => form.edit('policy', model, form.policyNamed(policy)), { key: 'policy' }),
    button('Delete pool', () => form.remove('pool', model, form.shown), {
      kind: 'danger-words',
      key: 'delete',
    }),
  );
}

function backendTable(stats, page, current) {
  const statsOf = ({ address }) => stats?.backends.find(({ backend }) => backend.address === address);
  const own = (row) => statsOf(row)?.traffic;
  const limit = (row) => statsOf(row)?.maxConnections || null;
  const all = stats?.pools.find((one) => one.pool === page.name)?.traffic?.connectionsPerSecond ?? 0;
  const columns = [
    column('Backend', ({ address, source, dns }) => [
      h('code', {}, address),
      why((source === 'registered' && 'registered itself') || (source === 'dns' && dns)),
    ]),
    column(
      'State',
      (row) => [mark(kindOf(row.availability, page.expected), wordOf(row.availability)), why(reasonsOf(row))],
      'state',
      { filter: ({ availability }) => wordOf(availability) },
    ),
    ...(page.backends.rows.some(({ tier }) => tier) ? [figures('Tier', ({ tier = 0 }) => tier, whole)] : []),
    ...(page.backends.rows.some(({ maxConnections }) => maxConnections)
      ? [figures('Limit', ({ maxConnections }) => maxConnections, whole)]
      : []),
    figures('Weight', ({ weight }) => weight, whole),
    column('Share', (row) => share(own(row), all), '', { value: (row) => own(row)?.connectionsPerSecond }),
    figures('Connections', ({ connections }) => connections, whole),
    ...(page.backends.rows.some(limit) ? [figures('Limit of a proxy', limit, whole)] : []),
    figures('New', (row) => own(row)?.connectionsPerSecond, rate),
    figures('Connect failures', (row) => own(row)?.errorsPerSecond, rate),
    quantiles('Connect', (row) => own(row)?.connect),
    quantiles('First byte', (row) => own(row)?.firstByte),
    column('Actions', (row) => backendActions(row, current), 'actions'),
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

function backendActions(row, current) {
  if (row.source === 'registered') return h('span', { class: 'quiet' }, 'removed when its process stops');
  if (row.source === 'dns') return h('span', { class: 'quiet' }, 'removed when its name leads elsewhere');
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
