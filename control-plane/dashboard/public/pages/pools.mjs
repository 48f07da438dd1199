// All pools, and the policies.

import * as form from '../dialogs/resource-form.mjs';
import { button, pageHead, panel, why } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { poolTable } from '../lib/fleet-tables.mjs';
import { whole, words } from '../lib/format.mjs';
import { column, figures, table } from '../lib/table.mjs';

const policyColumns = (model) => [
  column('Policy', ({ name }) => name),
  column('Strategy', ({ strategy }) => words(strategy), '', { filter: ({ strategy }) => words(strategy) }),
  column('Health check', ({ check, effects }) => [check, why(effects)]),
  column('Connect', ({ connect: { timeout, retries } }) => [timeout, why(`${retries} retries`)]),
  column('Idle, half-closed', ({ timeouts: { idle, half_closed: half } }) => `${idle}, ${half}`),
  column('Drain', ({ drain_timeout: drain }) => drain),
  figures('Pools', ({ users }) => users, whole),
  column('Actions', ({ name, users }) => actions(model, name, users), 'actions'),
];

function actions(model, name, users) {
  const one = (word, act, kind) =>
    button(word, () => act('policy', model, form.policyNamed(name)), {
      kind,
      key: word,
      label: `${word} policy ${name}`,
    });
  const isFree = users === 0 && name !== 'default';
  return h(
    'div',
    { class: 'actions-row' },
    one('Edit', form.edit, 'small'),
    isFree && one('Delete', form.remove, 'small danger'),
  );
}

export const pools = {
  name: 'Pools',
  draw: (model) => {
    const { rows, more } = model.view.policies;
    return [
      pageHead(
        'Pools',
        [],
        button('New pool', () => form.create('pool', model), { kind: 'primary', key: 'pool' }),
        button('New policy', () => form.create('policy', model), { key: 'policy' }),
      ),
      panel('All pools', poolTable(model)),
      panel(
        'Policies',
        table('Policies', policyColumns(model), rows, ({ name }) => name, { more, nothing: 'No policies.' }),
      ),
    ];
  },
};
