// The list of changes, by resource and field.

import { h } from './dom.mjs';

const SIGNS = { created: '+', updated: '~', deleted: '−' };
const KINDS = { created: 'good', updated: 'warn', deleted: 'bad' };
const MAX = 60;

export function changeList(changes) {
  if (changes.length === 0) return null;
  return h(
    'div',
    { class: 'changes', key: 'changes' },
    changes.slice(0, MAX).map((change) => block(change)),
    changes.length > MAX && h('p', { class: 'quiet', key: 'more' }, `and ${changes.length - MAX} more`),
  );
}

function block({ action, kind, name, fields }) {
  const shown = action === 'updated' ? fields : [];
  return h(
    'div',
    { class: 'change-block', key: `${kind}/${name}` },
    h(
      'p',
      {},
      h('span', { class: `sign ${KINDS[action] ?? 'plain'}`, 'aria-hidden': 'true' }, SIGNS[action] ?? '~'),
      h('span', {}, `${action} ${kind} `),
      h('code', {}, name),
      action !== 'updated' && fields.length > 0 && h('span', { class: 'quiet' }, ` ${brief(action, fields)}`),
    ),
    shown.map(({ field, before, after }) =>
      h(
        'p',
        { class: 'change-field', key: field },
        h('span', { class: 'quiet' }, `${field}: `),
        h('del', {}, before ?? 'none'),
        ' → ',
        h('ins', {}, after ?? 'none'),
      ),
    ),
  );
}

const brief = (action, fields) =>
  fields.map(({ field, before, after }) => `${field} ${action === 'created' ? after : before}`).join(', ');
