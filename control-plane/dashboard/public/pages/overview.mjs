// The overview: problems and their reasons, then traffic, pools, listeners and proxies.

import { panel, problemPanel } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { listenerTable, poolTable, proxyTable } from '../lib/fleet-tables.mjs';
import { problemsOf } from '../lib/model.mjs';
import { trafficPanel } from '../lib/traffic.mjs';

/** So that the other tables can be seen as well. */
const FIRST_ROWS = 20;

export const overview = {
  name: 'Overview',
  draw: (model) => {
    const { view, stats } = model;
    return [
      h('h1', { class: 'hidden-words', key: 'h1' }, 'Overview'),
      problemPanel(problemsOf(view.problems, stats?.problems), 'Problems'),
      trafficPanel(model),
      panel('Pools', poolTable(model, FIRST_ROWS)),
      panel('Listeners', listenerTable(model, FIRST_ROWS)),
      panel('Proxies', proxyTable(model, FIRST_ROWS)),
    ];
  },
};
