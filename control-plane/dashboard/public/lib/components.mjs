// Small components that all pages use.

import { h } from './dom.mjs';
import { pageOf } from './address.mjs';
import { age, moment, whole } from './format.mjs';
import { countsInWords } from './model.mjs';

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

export const link = (page, words) => h('a', { href: `#/${page}` }, words);

/** A link to the page of a pool, a listener or a proxy. `kind`: pools, listeners or proxies. */
export const linkTo = (kind, name) => link(pageOf(kind, name), name);

export const fact = (name, value) => h('div', { key: name }, h('dt', {}, name), h('dd', {}, value));

/** The head of a page: its title, what is known about its subject, and what can be done with it. */
export const pageHead = (title, facts, ...tools) =>
  h(
    'div',
    { class: 'page-head', key: 'head' },
    h('div', {}, h('h1', {}, title), facts.length > 0 && h('dl', { class: 'facts' }, facts)),
    h('div', { class: 'tools' }, tools),
  );

export function button(words, onClick, { kind = '', label, disabled = false, key } = {}) {
  return h(
    'button',
    { type: 'button', key, class: kind, 'aria-label': label, disabled, on: { click: onClick } },
    words,
  );
}

export const since = (ms) =>
  ms === null || ms === undefined ? '' : `since ${moment(ms)} (${age(Date.now() - ms)})`;

/** So many problems of one cause are shown at once. */
const FEW = 3;
const SEVERITY = { critical: ['bad', 'critical'], warning: ['warn', 'warning'], notice: ['plain', 'notice'] };

/** Nothing is shown of no problems unless there is a heading for it. */
export function problemPanel({ groups, more, counts }, heading) {
  if (groups.length === 0 && heading === undefined) return null;
  const well = h(
    'p',
    { class: 'all-well', key: 'well' },
    h('span', { 'aria-hidden': 'true' }, '✓ '),
    'Everything is as it should be.',
  );
  const list = h(
    'ul',
    { class: 'problems', key: 'problems', 'aria-label': 'Problems' },
    groups.map((group) => (group.count === 1 ? problemItem(group.rows[0]) : groupItem(group))),
    more > 0 && h('li', { key: 'more', class: 'plain' }, `and ${more} more causes`),
  );
  return h(
    'section',
    { class: 'panel', key: 'problems', 'aria-label': 'Problems' },
    heading && h('h2', {}, countsInWords(counts) || heading),
    groups.length === 0 ? well : list,
  );
}

function problemItem({ key, severity, what, why: reasons, sinceMs, page }) {
  const [kind, word] = SEVERITY[severity];
  const path = page?.replace(/\/(.*)$/s, (_, name) => `/${encodeURIComponent(name)}`);
  return h(
    'li',
    { key, class: kind },
    mark(kind, word),
    h(
      'div',
      {},
      h('strong', {}, path === undefined ? what : link(path, what)),
      why(reasons),
      sinceMs !== null && h('span', { class: 'why', key: 'since' }, since(sinceMs)),
    ),
  );
}

/** Problems of one cause: closed at first if they are many, and then as the user leaves it. */
function groupItem({ cause, severity, count, sinceMs, rows, more }) {
  const [kind, word] = SEVERITY[severity];
  return h(
    'li',
    { key: `cause-${cause}`, class: kind },
    mark(kind, word),
    h(
      'details',
      { mount: (element) => element.toggleAttribute('open', count <= FEW) },
      h(
        'summary',
        {},
        h('strong', {}, `${whole(count)} ${cause}`),
        sinceMs !== null && h('span', { class: 'why', key: 'since' }, since(sinceMs)),
      ),
      h(
        'ul',
        { 'aria-label': cause },
        rows.map(problemItem),
        more > 0 && h('li', { key: 'more', class: 'plain' }, `and ${whole(more)} more`),
      ),
    ),
  );
}
