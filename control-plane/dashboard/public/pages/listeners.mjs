// All listeners; and one of them: how each proxy serves it, and why its connections end.

import * as form from '../dialogs/resource-form.mjs';
import { button, fact, linkTo, mark, pageHead, panel, problemPanel } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { listenerTable, missingSubject } from '../lib/fleet-tables.mjs';
import { latency, rate, whole, words } from '../lib/format.mjs';
import { problemsOf } from '../lib/model.mjs';
import { column, figures, table } from '../lib/table.mjs';
import { trafficPanel } from '../lib/traffic.mjs';

let newest = null;
const now = () => newest;
/** The subject of the page, as the newest view has it. */
const shown = ({ subject }) => subject;

export const listeners = {
  name: 'Listeners',
  draw: (model) => {
    newest = model.view;
    const add = () => form.create('listener', now);
    return [
      pageHead('Listeners', [], button('New listener', add, { kind: 'primary' })),
      panel('All listeners', listenerTable(model)),
    ];
  },
};

export const listener = {
  name: 'Listener',
  draw: (model, [name]) => {
    const { view, stats } = model;
    const { subject } = view;
    if (view.asked !== `listeners/${name}` || subject === null) {
      const list = ['listeners', 'All listeners'];
      return missingSubject(
        view,
        `listeners/${name}`,
        `Listener ${name}`,
        list,
        'There is no such listener.',
      );
    }
    newest = view;
    const row = stats?.listeners.find((one) => one.listener === name);
    return [
      pageHead(
        `Listener ${name}`,
        [
          fact('Address', h('code', {}, subject.address)),
          fact('Pool', linkTo('pools', subject.pool)),
          fact('Open connections', whole(subject.connections)),
          fact(
            'Life of connections p50, p99',
            `${latency(row?.traffic?.duration?.p50)}, ${latency(row?.traffic?.duration?.p99)}`,
          ),
        ],
        button('Edit', () => form.edit('listener', now, shown), { key: 'edit' }),
        button('Delete', () => form.remove('listener', now, shown), { kind: 'danger-words', key: 'delete' }),
      ),
      problemPanel(problemsOf(view.pageProblems, stats?.pageProblems)),
      trafficPanel(model),
      panel(
        'Proxies',
        table('Proxies', PROXIES, subject.proxies, ({ id }) => id, { nothing: 'No proxy has reported yet.' }),
      ),
      panel('How connections end', endings(row?.closedPerSecond)),
    ];
  },
};

function stateOf({ connected, failure, connections }) {
  if (!connected) return ['bad', 'disconnected'];
  if (failure !== '') return ['bad', failure];
  return connections === null ? ['plain', 'not reported yet'] : ['good', 'accepts connections'];
}

const PROXIES = [
  column('Proxy', ({ id }) => linkTo('proxies', id)),
  column('State', (proxy) => mark(...stateOf(proxy)), '', { filter: (proxy) => stateOf(proxy)[1] }),
  figures('Connections', ({ connections }) => connections, whole),
];

const ENDINGS = [
  column('Reason', ([reason]) => words(reason)),
  figures('Ended', ([, perSecond]) => perSecond, rate),
];

function endings(closed = {}) {
  const rows = Object.entries(closed).sort(([, a], [, b]) => b - a);
  return table('Endings', ENDINGS, rows, ([reason]) => reason, {
    nothing: 'No connection ended in the last seconds.',
  });
}
