// Proxies: the revision that each runs, its load, and its problems; and one of them, with what it serves and sees.

import { forget } from '../dialogs/resource-form.mjs';
import { button, fact, linkTo, mark, pageHead, panel, since, why } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { cpus, memory, proxyMark, proxyTable, statsOf, workerBars } from '../lib/fleet-tables.mjs';
import { age, counted, moment, whole } from '../lib/format.mjs';
import { subjectPage } from '../lib/subject-page.mjs';
import { column, figures, table } from '../lib/table.mjs';
import { trafficPanel } from '../lib/traffic.mjs';

export const proxies = {
  name: 'Proxies',
  draw: (model) => {
    const { connected, behind, revision, proxies: all } = model.view;
    const total = counted(all.rows.length + all.more, 'proxy', 'proxies');
    const summary = `${connected} of ${total} connected, ${behind === 0 ? 'none' : behind} of them behind revision ${revision ?? '–'}`;
    return [
      h('h1', { key: 'h1' }, 'Proxies'),
      h('p', { class: 'lead', key: 'lead' }, summary),
      panel('Roster', proxyTable(model)),
    ];
  },
};

export const proxy = subjectPage('Proxy', 'proxies', (model, subject) => {
  const { id, connected, revision, lag, startedMs, zone, peer, backends, complaints } = subject;
  const own = statsOf(model.stats, subject);
  return [
    pageHead(
      `Proxy ${id}`,
      [
        fact('State', mark(...proxyMark(subject))),
        fact('Revision', `${revision ?? 'none yet'}${lag > 0 ? `, ${lag} behind` : ''}`),
        fact('Engine', `${subject.engine || '–'} ${subject.version}`),
        fact('Metrics', subject.adminAddress || '–'),
        fact('CPUs', cpus(own)),
        fact('Memory', memory(own)),
        startedMs !== null && fact('Started', `${moment(startedMs)}, ${age(Date.now() - startedMs)} ago`),
        zone !== '' && fact('Zone', zone),
        peer !== '' && fact('Reports from', peer),
      ],
      !connected && button('Forget', () => forget({ id }), { kind: 'danger-words', key: 'forget' }),
    ),
    trafficPanel(model),
    panel(
      'Listeners',
      table('Listeners', LISTENERS, subject.listeners, ({ name }) => name, {
        nothing: 'It serves no listener.',
      }),
    ),
    panel(
      'Backends that it does not find healthy',
      table('Backends', COMPLAINTS, complaints.rows, ({ pool, address }) => `${pool}/${address}`, {
        more: complaints.more,
        nothing: `None of ${counted(backends, 'backend')}.`,
      }),
    ),
    panel('Workers', h('div', { class: 'empty', key: 'workers' }, workerBars(subject))),
  ];
});

const LISTENERS = [
  column('Listener', ({ name, failure }) => [linkTo('listeners', name), why(failure)]),
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
