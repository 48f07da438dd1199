// The page: which part of it is shown, the live stream that feeds it, and what is said when that stream is lost.

import { signIn } from './dialogs/sign-in.mjs';
import { h, render } from './lib/dom.mjs';
import { clock } from './lib/format.mjs';
import { follow } from './lib/live.mjs';
import { emptyModel, fold } from './lib/model.mjs';
import { button } from './lib/components.mjs';
import { history } from './pages/history.mjs';
import { missing } from './pages/missing.mjs';
import { overview } from './pages/overview.mjs';
import { pool } from './pages/pool.mjs';
import { pools } from './pages/pools.mjs';
import { proxies } from './pages/proxies.mjs';

const NAV = [
  ['', 'Overview'],
  ['pools', 'Pools'],
  ['proxies', 'Proxies'],
  ['history', 'History'],
];
/** By how many parts follow the name in the address, such as the name of a pool. */
const PAGES = { '': [overview], pools: [pools, pool], proxies: [proxies], history: [history, history] };

const main = document.getElementById('main');
const nav = document.getElementById('nav');
const pulse = document.getElementById('pulse');
const stand = { live: false, why: '', status: 0, heardMs: null };
let model = emptyModel();
let shown = null;
/** Which page this is, as the first control plane that was heard has it. */
let own = '';
let stop = () => undefined;
let waiting = false;

function route() {
  const [name = '', ...rest] = location.hash.replace(/^#\/?/, '').split('/');
  const parts = rest.filter((part) => part !== '').map(decoded);
  const page = Object.hasOwn(PAGES, name) ? PAGES[name][parts.length] : undefined;
  return page === undefined || parts.includes(null)
    ? { name: null, page: missing, parts: [] }
    : { name, page, parts };
}

/** Null: it is no text that anybody encoded. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** Another page may want another stream: that of its pool. A dialog belongs to the page where it was opened. */
function go() {
  document.querySelector('dialog')?.close();
  const next = route();
  const wanted = next.page.pool(next.parts);
  const before = shown;
  shown = { ...next, wanted };
  if (before === null || before.wanted !== wanted) listen();
  document.title = `${titleOf(next)} · Equipoise`;
  redraw();
  if (before !== null) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

const titleOf = ({ page, parts }) => [page.name, ...parts].join(' ');

function listen() {
  stop();
  const { wanted } = shown;
  const { view } = model;
  model = { ...emptyModel(), view };
  const path = wanted === '' ? '/api/events' : `/api/events?pool=${encodeURIComponent(wanted)}`;
  stop = follow(path, (event, data) => hear(event, data, wanted), onState);
}

function hear(event, data, wanted) {
  if (event === 'hello') own ||= data.page;
  fold(model, event, data, wanted);
  stand.heardMs = Date.now();
  redraw();
}

function onState({ live, why = '', status = 0 }) {
  const changed = stand.live !== live || stand.why !== why || stand.status !== status;
  Object.assign(stand, { live, why, status });
  if (changed) redraw();
}

/** Once a frame, however much was heard. */
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
  // What had the focus has gone, such as the row of a backend: from here on the keys go through the page.
  if (activeElement !== body && document.activeElement === body) main.focus({ preventScroll: true });
}

function drawAll() {
  render(
    nav,
    NAV.map(([path, words]) =>
      h(
        'a',
        { href: `#/${path}`, 'aria-current': path === shown.name ? 'page' : undefined, key: path },
        words,
      ),
    ),
  );
  render(pulse, pulseWords());
  document.body.classList.toggle('old', !stand.live && stand.heardMs !== null);
  if (stand.status === 401) return render(main, signIn(redraw, listen));
  if (model.view === null) return render(main, h('p', { class: 'alone', key: 'first' }, firstWords()));
  render(main, shown.page.draw(model, shown.parts, redraw));
}

function firstWords() {
  return stand.why === ''
    ? 'Asking the control plane …'
    : `The control plane can't be reached: ${stand.why}. Trying again …`;
}

function pulseWords() {
  if (stand.status === 401) return [h('i', { class: 'dot warn' }), 'signed out'];
  if (stand.live) {
    const words = `live · revision ${model.view?.revision ?? '–'}`;
    const old = model.page !== '' && model.page !== own;
    return [h('i', { class: 'dot good' }), words, old && olderPage()];
  }
  if (stand.heardMs === null) return [h('i', { class: 'dot warn' }), 'connecting …'];
  return [
    h('i', { class: 'dot bad' }),
    h('strong', {}, `Reconnecting: ${stand.why}. What you see is from ${clock(stand.heardMs)}.`),
  ];
}

/** The control plane has another version than the one that this page came from. */
const olderPage = () =>
  h(
    'span',
    { class: 'older' },
    ' · this page is an older one: ',
    button('Reload it', () => location.reload(), { kind: 'small' }),
  );

// The address names the page that is shown, so it is no place for the way to its content.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', go);
go();
