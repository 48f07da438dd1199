// Revisions: who changed what, when and why; what differs between two of them; and the way back.

import { change } from '../dialogs/change.mjs';
import { ask } from '../lib/api.mjs';
import { changeList } from '../lib/change-list.mjs';
import { h } from '../lib/dom.mjs';
import { age, moment } from '../lib/format.mjs';
import { button, column, panel, table, why } from '../lib/components.mjs';

const MAX_SUMMARY = 3;
const PAUSE_MS = 2_000;

const state = {
  rows: [],
  before: '',
  newest: null,
  loading: false,
  pausedUntilMs: 0,
  /** Why the list, a revision or a difference could not be read. */
  unread: '',
  unshown: '',
  trouble: '',
  from: '',
  to: '',
  difference: null,
  /** The comparison that is asked for. */
  comparing: '',
  shown: null,
  /** The one that is shown, or asked for. */
  wanted: null,
};

export const history = {
  name: 'History',
  pool: () => '',
  draw: ({ view }, [number], redraw) => {
    // The newest revision as the live view has it says when there is something new to read.
    // What could not be read is tried again after a while, when the next figures come.
    if (Date.now() >= state.pausedUntilMs) {
      if (view.revision !== state.newest && !state.loading) void load(view.revision, redraw);
      if (number !== undefined && state.wanted !== number) void show(number, redraw);
    }
    return [
      h('h1', { key: 'h1' }, 'History'),
      number !== undefined && shownPanel(number, view),
      panel('Compare', comparison(redraw)),
      panel('Revisions', revisions(view, redraw)),
    ];
  },
};

/** `trouble`: where to say that it failed. Answers the refusal; null: there was none. */
async function attempt(trouble, work, redraw) {
  let refusal = null;
  try {
    await work();
  } catch (error) {
    refusal = error;
  }
  state[trouble] = refusal?.message ?? '';
  if (refusal !== null) state.pausedUntilMs = Date.now() + PAUSE_MS;
  redraw();
  return refusal;
}

/** One at a time: the list is of one piece. */
async function load(newest, redraw) {
  state.loading = true;
  await attempt(
    'unread',
    async () => {
      const page = await ask('/api/revisions');
      takeNewest(page);
      state.from ||= state.rows[1]?.revision ?? '';
      state.to ||= state.rows[0]?.revision ?? '';
      state.newest = newest;
    },
    redraw,
  );
  state.loading = false;
}

/** Earlier ones that somebody reads stay, unless there would be a gap before them. */
function takeNewest({ revisions: rows, before }) {
  const last = state.rows.findIndex(({ revision }) => revision === rows.at(-1)?.revision);
  state.rows = [...rows, ...(last === -1 ? [] : state.rows.slice(last + 1))];
  if (last === -1) state.before = before;
}

async function earlier(redraw) {
  if (state.loading) return;
  state.loading = true;
  await attempt(
    'unread',
    async () => {
      const page = await ask(`/api/revisions?before=${encodeURIComponent(state.before)}`);
      state.rows = [...state.rows, ...page.revisions];
      state.before = page.before;
    },
    redraw,
  );
  state.loading = false;
}

async function show(number, redraw) {
  state.wanted = number;
  const refusal = await attempt(
    'unshown',
    async () => {
      const shown = await ask(`/api/revision?number=${encodeURIComponent(number)}`);
      if (state.wanted === number) state.shown = shown;
    },
    redraw,
  );
  // That there is none will be so again; that it could not be asked may pass.
  const passes = refusal !== null && (refusal.status === 0 || refusal.status >= 500);
  if (passes && state.wanted === number) state.wanted = null;
}

function shownPanel(number, view) {
  const { shown } = state;
  if (shown?.revision !== number)
    return panel(`Revision ${number}`, h('p', { class: 'empty' }, state.unshown || 'Reading …'));
  return panel(
    `Revision ${number}`,
    h(
      'p',
      { class: 'lead', key: 'who' },
      `${moment(shown.timeMs)} by ${shown.author || 'somebody'}${shown.message === '' ? '' : `: ${shown.message}`}`,
    ),
    changeList(shown.changes) ?? h('p', { class: 'empty' }, 'It changed nothing.'),
    h(
      'div',
      { class: 'buttons', key: 'buttons' },
      Number(number) < view.revision &&
        button('Roll back to it', () => rollBack(number), { label: `Roll back to revision ${number}` }),
    ),
  );
}

function comparison(redraw) {
  const field = (name, label) =>
    h(
      'div',
      { class: 'field', key: name },
      h('label', { for: `compare-${name}` }, label),
      h('input', {
        id: `compare-${name}`,
        type: 'text',
        inputmode: 'numeric',
        value: state[name],
        on: {
          input: ({ target }) => {
            state[name] = target.value;
          },
        },
      }),
    );
  const compare = (event) => {
    event.preventDefault();
    const { from, to } = state;
    return readDifference(from, to, redraw);
  };
  return [
    h(
      'form',
      { class: 'inline', key: 'form', on: { submit: compare } },
      field('from', 'From revision'),
      field('to', 'to revision'),
      h('button', { type: 'submit', key: 'go' }, 'Compare'),
    ),
    state.trouble !== '' && h('p', { class: 'refusal', role: 'alert', key: 'trouble' }, state.trouble),
    state.difference !== null && differenceWords(state.difference),
  ];
}

/** Of several that are asked for, the last one is shown. */
async function readDifference(from, to, redraw) {
  const wanted = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
  if (state.comparing === wanted) return;
  state.comparing = wanted;
  await attempt(
    'trouble',
    async () => {
      const { changes } = await ask(`/api/difference?${wanted}`);
      if (state.comparing === wanted) state.difference = { from, to, changes };
    },
    redraw,
  );
  if (state.comparing === wanted) state.comparing = '';
}

function differenceWords({ from, to, changes }) {
  return h(
    'div',
    { key: 'difference', class: 'difference', role: 'region', 'aria-label': 'Difference' },
    h(
      'h3',
      {},
      changes.length === 0
        ? `Revisions ${from} and ${to} are the same.`
        : `What leads from revision ${from} to ${to}`,
    ),
    changeList(changes),
  );
}

function revisions(view, redraw) {
  const columns = [
    column('Revision', ({ revision }) => h('a', { href: `#/history/${revision}` }, revision)),
    column('When', ({ timeMs }) => [moment(timeMs), why([`${age(Date.now() - timeMs)} ago`])]),
    column('Who', ({ author }) => author || '–'),
    column('Why', ({ message }) => message || '–'),
    column('What', ({ summary }) => [
      ...summary.slice(0, MAX_SUMMARY).map((line) => h('span', { class: 'line', key: line }, line)),
      summary.length > MAX_SUMMARY && why([`and ${summary.length - MAX_SUMMARY} more`]),
    ]),
    column(
      'Actions',
      ({ revision }) =>
        h('div', { class: 'actions-row' }, [
          Number(revision) < view.revision &&
            button('Compare with now', () => compareWithNow(revision, view, redraw), {
              kind: 'small',
              label: `Compare revision ${revision} with the newest`,
            }),
          Number(revision) < view.revision &&
            button('Roll back', () => rollBack(revision), {
              kind: 'small',
              label: `Roll back to revision ${revision}`,
            }),
        ]),
      'actions',
    ),
  ];
  return [
    state.unread !== '' && h('p', { class: 'refusal', role: 'alert', key: 'unread' }, state.unread),
    table('Revisions', columns, state.rows, ({ revision }) => revision, {
      nothing: nothingYet(),
    }),
    state.before !== '' && button('Earlier ones', () => earlier(redraw), { kind: 'wide' }),
  ];
}

function nothingYet() {
  if (state.unread !== '') return 'Trying again …';
  return state.loading ? 'Reading …' : 'No revision yet.';
}

function compareWithNow(revision, view, redraw) {
  state.from = revision;
  state.to = String(view.revision);
  return readDifference(state.from, state.to, redraw).then(() =>
    document.getElementById('compare-from')?.scrollIntoView({ block: 'center' }),
  );
}

function rollBack(revision) {
  change({
    title: `Roll back to revision ${revision}`,
    done: 'Rolled back',
    // It changes whatever differs by then, so it is for what was shown, or not at all.
    asShown: true,
    request: () => ({ method: 'Rollback', request: { revision } }),
  });
}
