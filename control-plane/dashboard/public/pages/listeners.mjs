// All listeners; and one of them: how each proxy serves it.

import * as form from '../dialogs/resource-form.mjs';
import { button, fact, linkTo, mark, pageHead, panel, why } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { listenerTable } from '../lib/fleet-tables.mjs';
import { whole } from '../lib/format.mjs';
import { subjectPage } from '../lib/subject-page.mjs';
import { column, figures, table } from '../lib/table.mjs';
import { trafficPanel } from '../lib/traffic.mjs';

export const listeners = {
  name: 'Listeners',
  draw: (model) => [
    pageHead(
      'Listeners',
      [],
      button('New listener', () => form.create('listener', model), { kind: 'primary' }),
    ),
    panel('All listeners', listenerTable(model)),
  ],
};

export const listener = subjectPage(
  'Listener',
  'listeners',
  (model, { name, address, pool, fields, connections, proxies }) => [
    pageHead(
      `Listener ${name}`,
      [
        fact('Address', h('code', {}, address)),
        fact('Pool', pool === '' ? 'none: what no route takes is refused' : linkTo('pools', pool)),
        ...fields.map(([field, text]) => fact(field, text)),
        fact('Open connections', whole(connections)),
      ],
      button('Edit', () => form.edit('listener', model, form.shown), { key: 'edit' }),
      button('Delete', () => form.remove('listener', model, form.shown), {
        kind: 'danger-words',
        key: 'delete',
      }),
    ),
    trafficPanel(model),
    panel(
      'Proxies',
      table('Proxies', PROXIES, proxies, ({ key }) => key, { nothing: 'No proxy has reported yet.' }),
    ),
  ],
);

function stateOf({ connected, failure, connections }) {
  if (!connected) return ['bad', 'disconnected'];
  if (failure !== '') return ['bad', 'does not accept'];
  return connections === null ? ['plain', 'not reported yet'] : ['good', 'accepts connections'];
}

const PROXIES = [
  column('Proxy', ({ id }) => linkTo('proxies', id)),
  column('State', (proxy) => [mark(...stateOf(proxy)), why(proxy.connected && proxy.failure)], '', {
    filter: (proxy) => stateOf(proxy)[1],
  }),
  figures('Connections', ({ connections }) => connections, whole),
];
