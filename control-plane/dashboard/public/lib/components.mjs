// Small components that all pages use.

import { h } from './dom.mjs';
import { age, moment } from './format.mjs';

/** `kind`: good, warn, bad or plain. The text says the same, for readers who can't see the color. */
export const mark = (kind, words, title) => h('span', { class: `mark ${kind}`, title }, words);

/** Remarks, one per line. False and empty ones are left out. */
export const why = (...lines) =>
  lines
    .flat()
    .filter((line) => line)
    .map((line, index) => h('span', { class: 'why', key: `why-${index}` }, line));

export function panel(title, ...content) {
  return h(
    'section',
    { class: 'panel', key: `panel-${title}`, 'aria-label': title },
    h('h2', {}, title),
    content,
  );
}

/** `note(text)`: a remark. The key is only needed when notes come and go. */
export const note = (text, key = `note-${text}`) => h('p', { class: 'note', key }, text);

/**
 * A labelled input that shows and sets `target[name]`. `wrong`: the errors below it; `control`: makes another element than
 * an input; further properties go to the element.
 */
export function field(target, name, { id, label, hint = '', wrong = [], control, ...more }) {
  const input = (event) => {
    target[name] = event.target.value;
  };
  const properties = {
    id,
    value: target[name],
    autocomplete: 'off',
    'aria-describedby': hint === '' ? undefined : `${id}-hint`,
    'aria-invalid': wrong.length > 0 ? 'true' : undefined,
    on: { input },
    ...more,
  };
  return h(
    'div',
    { class: 'field', key: id },
    h('label', { for: id }, label),
    control === undefined ? h('input', { type: 'text', ...properties }) : control(properties),
    wrong.map((text) => h('span', { class: 'wrong', role: 'alert', key: text }, text)),
    hint !== '' && h('span', { class: 'why', id: `${id}-hint`, key: 'hint' }, hint),
  );
}

/** A column: its heading, what it shows of a row, and its kind: number, brief, state or actions. */
export const column = (head, show, kind = '') => ({ head, show, kind });

/** A table, shown as cards on a phone. `keyOf` identifies a row across updates. */
export function table(label, columns, rows, keyOf, { nothing, more = 0 }) {
  if (rows.length === 0) return h('p', { class: 'empty', key: 'empty' }, nothing);
  const heads = columns.map(({ head, kind }) => h('th', { class: kind, scope: 'col', key: head }, head));
  const cells = (row) =>
    columns.map(({ head, show, kind }) =>
      h('td', { class: kind, 'data-head': head, key: head }, h('div', { class: 'cell' }, show(row))),
    );
  const body = rows.map((row) => h('tr', { key: keyOf(row) }, cells(row)));
  return h(
    'div',
    { class: 'scroll', key: 'table' },
    h('table', { 'aria-label': label }, h('thead', {}, h('tr', {}, heads)), h('tbody', {}, body)),
    more > 0 && h('p', { class: 'empty' }, `and ${more} more; lbctl shows all of them`),
  );
}

export const link = (page, words) => h('a', { href: `#/${page}` }, words);

export const poolLink = (name) => link(`pools/${encodeURIComponent(name)}`, name);

export function button(words, onClick, { kind = '', label, disabled = false, key } = {}) {
  return h(
    'button',
    { type: 'button', key, class: kind, 'aria-label': label, disabled, on: { click: onClick } },
    words,
  );
}

export const since = (ms) =>
  ms === null || ms === undefined ? '' : `since ${moment(ms)} (${age(Date.now() - ms)})`;

const SEVERITY = { critical: ['bad', 'critical'], warning: ['warn', 'warning'], notice: ['plain', 'notice'] };

/** The page of a pool shows its problems without a heading. */
export const problemPanel = ({ rows, more }, heading) =>
  h(
    'section',
    { class: 'panel', key: 'problems', 'aria-label': 'Problems' },
    heading && h('h2', {}, heading),
    problemList(rows, more),
  );

function problemList(problems, more) {
  if (problems.length === 0) {
    return h(
      'p',
      { class: 'all-well', key: 'well' },
      h('span', { 'aria-hidden': 'true' }, '✓ '),
      'Everything is as it should be.',
    );
  }
  return h(
    'ul',
    { class: 'problems', key: 'problems', 'aria-label': 'Problems' },
    problems.map(({ key, severity, what, why: reasons, sinceMs, page }) => {
      const [kind, word] = SEVERITY[severity];
      return h(
        'li',
        { key, class: kind },
        mark(kind, word),
        h(
          'div',
          {},
          h('strong', {}, page === '' ? what : link(page, what)),
          why(reasons),
          sinceMs !== null && h('span', { class: 'why', key: 'since' }, since(sinceMs)),
        ),
      );
    }),
    more > 0 && h('li', { key: 'more', class: 'plain' }, `and ${more} more`),
  );
}
