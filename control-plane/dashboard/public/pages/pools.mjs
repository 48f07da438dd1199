// All pools, and the policies.

import { h } from '../lib/dom.mjs';
import { words } from '../lib/format.mjs';
import { column, panel, table } from '../lib/components.mjs';
import { poolTable } from './overview.mjs';

const POLICIES = [
  column('Policy', ({ name }) => name),
  column('Strategy', ({ strategy }) => words(strategy)),
  column('Health check', ({ healthCheck }) => healthCheck),
];

export const pools = {
  name: 'Pools',
  draw: (model) => {
    const { rows, more } = model.view.policies;
    return [
      h('h1', { key: 'h1' }, 'Pools'),
      panel('All pools', poolTable(model)),
      panel(
        'Policies',
        table('Policies', POLICIES, rows, ({ name }) => name, { more, nothing: 'No policies.' }),
      ),
    ];
  },
};
