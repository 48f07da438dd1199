// Tables that are searched, filtered and sorted, by inputs in the address.

import { input, setInputs } from './address.mjs';
import { arrange, choicesOf, nextSort } from './arrange.mjs';
import { button } from './components.mjs';
import { h } from './dom.mjs';
import { counted, whole } from './format.mjs';

/** As many as are drawn at first; the rest is a click away. */
const FIRST_ROWS = 100;

/**
 * A column: its heading, what it shows of a row, its kind (number, brief, state or actions); `value`: what it sorts by, if
 * not its text; `filter`: the word by which rows are chosen, if they are.
 */
export const column = (head, show, kind = '', { value, filter } = {}) => ({
  head,
  show,
  kind,
  value,
  filter,
});

/** A column of figures: what it sorts by, and how it shows that. */
export const figures = (head, value, show) => column(head, (row) => show(value(row)), 'number', { value });

/** Shown as cards on a phone. `keyOf` identifies a row across updates; `more`: how many rows were not sent. */
export function table(label, columns, rows, keyOf, { nothing, more = 0, first = FIRST_ROWS }) {
  if (rows.length === 0) return h('p', { class: 'empty', key: 'empty' }, nothing);
  const id = label.toLowerCase().replaceAll(' ', '-');
  const of = (name) => input(`${id}.${name}`);
  const set = (name, value) => setInputs({ [`${id}.${name}`]: value });
  const filters = Object.fromEntries(columns.map(({ head }) => [head, of(head)]));
  const asked = { search: of('search'), filters, sort: of('sort') };
  const found = arrange(rows, columns, asked);
  const shown = of('all') === '' ? found.slice(0, first) : found;
  const cells = (row) =>
    columns.map(({ head, show, kind }) =>
      h('td', { class: kind, 'data-head': head, key: head }, h('div', { class: 'cell' }, show(row))),
    );
  const head = h(
    'tr',
    {},
    columns.map((one) => heading(one, asked.sort, set)),
  );
  const body = shown.map((row) => h('tr', { key: keyOf(row) }, cells(row)));
  const grid = h('table', { 'aria-label': label }, h('thead', {}, head), h('tbody', {}, body));
  const unsent = `${whole(more)} more are neither shown nor searched here; lbctl shows all of them.`;
  return h(
    'div',
    { class: 'table', key: 'table' },
    (rows.length > 1 || found.length < rows.length) && tools(label, columns, rows, { asked, found, id, set }),
    h('div', { class: 'scroll', key: 'scroll' }, grid),
    found.length === 0 && h('p', { class: 'empty', key: 'none' }, 'No row matches. '),
    found.length > shown.length &&
      button(`Show all ${whole(found.length)}`, () => set('all', 'yes'), { kind: 'wide', key: 'all' }),
    more > 0 && h('p', { class: 'empty', key: 'more' }, unsent),
  );
}

function heading(one, sort, set) {
  const { head, kind } = one;
  if (kind === 'actions') return h('th', { class: kind, scope: 'col', key: head }, head);
  const order = { [head]: 'ascending', [`-${head}`]: 'descending' }[sort];
  const arrow = order && h('span', { 'aria-hidden': 'true' }, order === 'ascending' ? ' ▲' : ' ▼');
  const sortBy = { type: 'button', class: 'sort', on: { click: () => set('sort', nextSort(sort, one)) } };
  return h(
    'th',
    { class: kind, scope: 'col', key: head, 'aria-sort': order },
    h('button', sortBy, head, arrow),
  );
}

/** Search and filters. */
function tools(label, columns, rows, { asked, found, id, set }) {
  const select = (head, value, choices) => {
    const change = (event) => set(head, event.target.value);
    const option = (word, text = word) =>
      h('option', { key: word, value: word, selected: word === value }, text);
    const all = [option('', `${head}: all`), choices.map((word) => option(word))];
    return h('select', { key: head, 'aria-label': `${head} of ${label}`, on: { change } }, all);
  };
  const filters = columns
    .filter(({ filter }) => filter !== undefined)
    .map((one) => [one.head, asked.filters[one.head], choicesOf(rows, one)])
    .filter(([, value, choices]) => choices.length > 1 || value !== '')
    // What the address asks for may be nowhere now.
    .map(([head, value, all]) =>
      select(head, value, value === '' || all.includes(value) ? all : [...all, value]),
    );
  const search = (event) => set('search', event.target.value);
  const isAsked = found.length < rows.length;
  return h(
    'div',
    { class: 'table-tools', key: 'tools', role: 'search', 'aria-label': label },
    h('input', {
      key: 'search',
      id: `${id}-search`,
      type: 'search',
      placeholder: 'Search',
      'aria-label': `Search ${label}`,
      autocomplete: 'off',
      value: asked.search,
      on: { input: search },
    }),
    filters,
    h(
      'span',
      { class: 'quiet', role: 'status', key: 'count' },
      isAsked && `${whole(found.length)} of ${counted(rows.length, 'row')}`,
    ),
  );
}
