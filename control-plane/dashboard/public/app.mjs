// The page: which part of it is shown, the live stream that feeds it, and the status of that stream.

import { signIn } from './dialogs/sign-in.mjs';
import { parseHash } from './lib/address.mjs';
import { button } from './lib/components.mjs';
import { h, render } from './lib/dom.mjs';
import { age, clock } from './lib/format.mjs';
import { follow } from './lib/live.mjs';
import { emptyModel, applyEvent, countsInWords, problemsOf } from './lib/model.mjs';
import { statusOf, titleOf } from './lib/status.mjs';
import { history } from './pages/history.mjs';
import { events } from './pages/events.mjs';
import { listener, listeners } from './pages/listeners.mjs';
import { missing } from './pages/missing.mjs';
import { overview } from './pages/overview.mjs';
import { pool } from './pages/pool.mjs';
import { pools } from './pages/pools.mjs';
import { proxies, proxy } from './pages/proxies.mjs';

const NAV = [
  ['', 'Overview'],
  ['pools', 'Pools'],
  ['listeners', 'Listeners'],
  ['proxies', 'Proxies'],
  ['events', 'Events'],
  ['history', 'History'],
];
/** The pages by name, and by the number of parts that follow the name in the address, such as a pool's name. */
const PAGES = {
  '': [overview],
  pools: [pools, pool],
  listeners: [listeners, listener],
  proxies: [proxies, proxy],
  events: [events],
  history: [history, history],
};
/** The pages that have a stream of their own, with what only they show. */
const SUBJECTS = new Set([pool, listener, proxy, events]);

const main = document.getElementById('main');
const nav = document.getElementById('nav');
const pulse = document.getElementById('pulse');
const banner = document.getElementById('banner');
const connection = { live: false, why: '', status: 0, heardMs: null };
let model = emptyModel();
let shown = null;
/** The version of this page: that of the first control plane that it connected to. */
let own = '';
let stop = () => undefined;
let waiting = false;

function route() {
  const {
    parts: [name = '', ...parts],
  } = parseHash(location.hash);
  const page = Object.hasOwn(PAGES, name) ? PAGES[name][parts.length] : undefined;
  return page === undefined || parts.includes(null)
    ? { name: null, page: missing, parts: [], about: '' }
    : { name, page, parts, about: SUBJECTS.has(page) ? [name, ...parts].join('/') : '' };
}

/** Shows the page of the address. A dialog closes with its page. */
function go() {
  document.querySelector('dialog')?.close();
  const before = shown;
  shown = route();
  if (before === null || before.about !== shown.about) listen();
  redraw();
  if (before !== null) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

function listen() {
  stop();
  // Until the new stream begins, the header goes on to tell what is known.
  const { view, stats } = model;
  model = { ...emptyModel(), view, stats };
  stop = follow(`/api/events?page=${encodeURIComponent(shown.about)}`, hear, onState);
}

function hear(event, data) {
  if (event === 'hello') own ||= data.page;
  applyEvent(model, event, data);
  connection.heardMs = Date.now();
  redraw();
}

function onState({ live, why = '', status = 0 }) {
  const changed = connection.live !== live || connection.why !== why || connection.status !== status;
  Object.assign(connection, { live, why, status });
  if (changed) redraw();
}

/** Draws at most once per animation frame. */
function redraw() {
  if (waiting) return;
  waiting = true;
  window.requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function draw() {
  const { activeElement, body } = document;
  drawAll();
  // If the element with the focus was removed, such as the row of a backend, the page gets the focus.
  if (activeElement !== body && document.activeElement === body) main.focus({ preventScroll: true });
}

function drawAll() {
  const current = (path) => (path === shown.name ? 'page' : undefined);
  const navLink = ([path, words]) =>
    h('a', { href: `#/${path}`, 'aria-current': current(path), key: path }, words);
  render(nav, NAV.map(navLink));
  const { view, stats } = model;
  const counts = view === null ? null : problemsOf(view.problems, stats?.problems).counts;
  const status = statusOf(connection, counts);
  const title = titleOf(status, [shown.page.name, ...shown.parts].join(' '));
  if (document.title !== title) document.title = title;
  render(pulse, pulseWords(status, counts));
  render(banner, bannerWords());
  if (connection.status === 401) return render(main, signIn(redraw, listen));
  if (view === null) return render(main, h('p', { class: 'alone', key: 'first' }, firstWords()));
  render(main, shown.page.draw(model, shown.parts, redraw));
}

function firstWords() {
  return connection.why === ''
    ? 'Connecting to the control plane …'
    : `Can't connect: ${connection.why}. Trying again …`;
}

function pulseWords({ kind, words }, counts) {
  const title = counts === null ? words : countsInWords(counts) || words;
  const old = connection.live && model.page !== '' && model.page !== own;
  return [
    h('a', { href: '#/', class: `mark ${kind}`, title, key: 'status' }, words),
    connection.live && h('span', { key: 'live' }, ` live · revision ${model.view?.revision ?? '–'}`),
    // The control plane has another version of the page.
    old &&
      h(
        'span',
        { key: 'old' },
        ' · this page is out of date: ',
        button('Reload', () => location.reload(), { kind: 'small' }),
      ),
  ];
}

/** Old data must be as easy to read as new data, so a line above it says how old it is. */
function bannerWords() {
  const { live, heardMs, why, status } = connection;
  if (live || heardMs === null || status === 401) return null;
  const ago = h('span', { 'aria-hidden': 'true' }, ` (${age(Date.now() - heardMs)} ago)`);
  const words = `Reconnecting: ${why}. Showing data from ${clock(heardMs)}`;
  return h(
    'p',
    { class: 'banner', role: 'alert', key: 'old' },
    words,
    ago,
    '. Traffic does not depend on this page.',
  );
}

// The skip link can't use the fragment of the address, which names the page.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', go);
window.addEventListener('inputs', redraw);
// How old the data is, while none comes.
window.setInterval(() => connection.live || redraw(), 1_000);
go();
