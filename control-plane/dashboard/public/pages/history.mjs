// Revisions: who changed what, when and why; the difference between two of them; and rollbacks.

import { change } from '../dialogs/change.mjs';
import { input, setInputs } from '../lib/address.mjs';
import { ask } from '../lib/api.mjs';
import { changeList } from '../lib/change-list.mjs';
import { button, field, panel, why } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { age, moment } from '../lib/format.mjs';
import { column, table } from '../lib/table.mjs';

const MAX_SUMMARY = 3;
const MAX_DETAILS = 4;
const RETRY_MS = 2_000;

const state = {
  rows: [],
  before: '',
  newest: null,
  loading: false,
  retryAtMs: 0,
  /** Why the list, a revision or a difference could not be read; empty: it could. */
  listError: '',
  revisionError: '',
  differenceError: '',
  from: '',
  to: '',
  difference: null,
  /** The comparison that is being read, and the last one that has an answer. */
  comparing: '',
  compared: '',
  shown: null,
  /** The number of the revision that is shown or being read. */
  wanted: null,
};

export const history = {
  name: 'History',
  draw: ({ view }, [number], redraw) => {
    // The live view tells when there is a new revision to read. Whatever could not be read is tried again after a while.
    if (Date.now() >= state.retryAtMs) {
      if (view.revision !== state.newest) void loadNewest(view.revision, redraw);
      if (number !== undefined && state.wanted !== number) void show(number, redraw);
      compareAsked(redraw);
    }
    return [
      h('h1', { key: 'h1' }, 'History'),
      number !== undefined && shownPanel(number, view),
      panel('Compare', comparison()),
      panel('Revisions', revisions(view, redraw)),
    ];
  },
};

/** Does `work`, notes its error under the name `error` in the state, and returns the refusal; null: it succeeded. */
async function attempt(error, work, redraw) {
  let refusal = null;
  try {
    await work();
  } catch (caught) {
    refusal = caught;
    state.retryAtMs = Date.now() + RETRY_MS;
  }
  state[error] = refusal?.message ?? '';
  redraw();
  return refusal;
}

/** Reads a page of the list. Only one is read at a time, because the pages must fit together. */
async function loadPage(path, take, redraw) {
  if (state.loading) return;
  state.loading = true;
  await attempt('listError', async () => take(await ask(path)), redraw);
  state.loading = false;
}

/** Earlier revisions that were loaded stay in the list, unless that would leave a gap. */
function loadNewest(newest, redraw) {
  const take = ({ revisions: rows, before }) => {
    const last = state.rows.findIndex(({ revision }) => revision === rows.at(-1)?.revision);
    state.rows = [...rows, ...(last === -1 ? [] : state.rows.slice(last + 1))];
    if (last === -1) state.before = before;
    state.from ||= state.rows[1]?.revision ?? '';
    state.to ||= state.rows[0]?.revision ?? '';
    state.newest = newest;
  };
  return loadPage('/api/revisions', take, redraw);
}

function loadEarlier(redraw) {
  const take = ({ revisions: rows, before }) => {
    state.rows = [...state.rows, ...rows];
    state.before = before;
  };
  return loadPage(`/api/revisions?before=${encodeURIComponent(state.before)}`, take, redraw);
}

async function show(number, redraw) {
  state.wanted = number;
  const read = async () => {
    const shown = await ask(`/api/revision?number=${encodeURIComponent(number)}`);
    if (state.wanted === number) state.shown = shown;
  };
  const refusal = await attempt('revisionError', read, redraw);
  // A revision that does not exist is not asked for again; one that could not be read is.
  if (refusal !== null && mayPass(refusal) && state.wanted === number) state.wanted = null;
}

const mayPass = ({ status }) => status === 0 || status >= 500;

function shownPanel(number, view) {
  const { shown, revisionError } = state;
  const title = `Revision ${number}`;
  if (shown?.revision !== number)
    return panel(title, h('p', { class: 'empty' }, revisionError || 'Loading …'));
  const message = shown.message === '' ? '' : `: ${shown.message}`;
  const who = `${moment(shown.timeMs)} by ${shown.author || 'an unknown author'}${message}`;
  return panel(
    title,
    h('p', { class: 'lead', key: 'who' }, who),
    changeList(shown.changes) ?? h('p', { class: 'empty' }, 'This revision changed nothing.'),
    h(
      'div',
      { class: 'buttons', key: 'buttons' },
      rollBackButton(number, view, 'Roll back to this revision'),
    ),
  );
}

const rollBackButton = (revision, view, words, kind = '') =>
  Number(revision) < view.revision &&
  button(words, () => rollBack(revision), { kind, label: `Roll back to revision ${revision}` });

function comparison() {
  const one = (name, label) => field(state, name, { id: `compare-${name}`, label, inputmode: 'numeric' });
  const submit = (event) => {
    event.preventDefault();
    compare(state.from, state.to);
  };
  return [
    h(
      'form',
      { class: 'inline', key: 'form', on: { submit } },
      one('from', 'From revision'),
      one('to', 'to revision'),
      h('button', { type: 'submit', key: 'go' }, 'Compare'),
    ),
    errorWords('differenceError'),
    state.difference !== null && input('to') !== '' && differenceWords(state.difference),
  ];
}

const errorWords = (name) =>
  state[name] !== '' && h('p', { class: 'refusal', role: 'alert', key: name }, state[name]);

/** The address has what is compared, so that a difference can be shared. */
function compare(from, to) {
  Object.assign(state, { from, to, compared: '' });
  setInputs({ from, to });
}

/** Reads the difference that the address asks for. If several are requested, the last one is shown. */
function compareAsked(redraw) {
  const [from, to] = [input('from'), input('to')];
  const wanted = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
  if (from + to === '' || state.compared === wanted || state.comparing === wanted) return;
  Object.assign(state, { comparing: wanted, from, to });
  const read = async () => {
    const { changes } = await ask(`/api/difference?${wanted}`);
    if (state.comparing === wanted) state.difference = { from, to, changes };
  };
  void attempt('differenceError', read, redraw).then((refusal) => {
    if (state.comparing !== wanted) return;
    state.comparing = '';
    if (refusal === null || !mayPass(refusal)) state.compared = wanted;
  });
}

function differenceWords({ from, to, changes }) {
  const same = `Revisions ${from} and ${to} are the same.`;
  return h(
    'div',
    { key: 'difference', class: 'difference', role: 'region', 'aria-label': 'Difference' },
    h('h3', {}, changes.length === 0 ? same : `Changes from revision ${from} to ${to}`),
    changeList(changes),
  );
}

function revisions(view, redraw) {
  const columns = [
    column('Revision', ({ revision }) => h('a', { href: `#/history/${revision}` }, revision)),
    column('Time', ({ timeMs }) => [moment(timeMs), why(`${age(Date.now() - timeMs)} ago`)]),
    column('Author', ({ author }) => author || '–'),
    column('Message', ({ message }) => message || '–'),
    column('Changes', ({ summary }) => changesIn(summary)),
    column('Actions', ({ revision }) => revisionActions(revision, view), 'actions'),
  ];
  const nothing = state.loading ? 'Loading …' : 'No revisions yet.';
  return [
    errorWords('listError'),
    table('Revisions', columns, state.rows, ({ revision }) => revision, {
      nothing: state.listError === '' ? nothing : 'Trying again …',
    }),
    state.before !== '' && button('Show earlier', () => loadEarlier(redraw), { kind: 'wide' }),
  ];
}

/** What changed, a resource after the other, with as much detail as a row has room for. */
const changesIn = (summary) => [
  summary
    .slice(0, MAX_SUMMARY)
    .map(({ what, details }) => [
      h('span', { class: 'line', key: what }, what),
      why(
        details.slice(0, MAX_DETAILS),
        details.length > MAX_DETAILS && `and ${details.length - MAX_DETAILS} more`,
      ),
    ]),
  why(summary.length > MAX_SUMMARY && `and ${summary.length - MAX_SUMMARY} more`),
];

function revisionActions(revision, view) {
  const label = `Compare revision ${revision} with the newest`;
  const compare = () => compareWithNewest(revision, view);
  return h('div', { class: 'actions-row' }, [
    Number(revision) < view.revision && button('Compare with newest', compare, { kind: 'small', label }),
    rollBackButton(revision, view, 'Roll back', 'small'),
  ]);
}

function compareWithNewest(revision, view) {
  compare(revision, String(view.revision));
  document.getElementById('compare-from')?.scrollIntoView({ block: 'center' });
}

function rollBack(revision) {
  change({
    title: `Roll back to revision ${revision}`,
    done: 'Rolled back',
    subject: 'the configuration',
    // A rollback changes everything that differs, so it is refused if there is a newer revision than in the preview.
    asShown: true,
    request: () => ({ method: 'Rollback', request: { revision } }),
  });
}
