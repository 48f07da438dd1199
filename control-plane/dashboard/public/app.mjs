// The page: which part of it is shown, the live stream that feeds it, and the status of that stream.

import { signIn } from './dialogs/sign-in.mjs';
import { h, render } from './lib/dom.mjs';
import { clock } from './lib/format.mjs';
import { follow } from './lib/live.mjs';
import { emptyModel, applyEvent } from './lib/model.mjs';
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
/** The pages by name, and by the number of parts that follow the name in the address, such as a pool's name. */
const PAGES = { '': [overview], pools: [pools, pool], proxies: [proxies], history: [history, history] };

const main = document.getElementById('main');
const nav = document.getElementById('nav');
const pulse = document.getElementById('pulse');
const connection = { live: false, why: '', status: 0, heardMs: null };
let model = emptyModel();
let shown = null;
/** The version of this page: that of the first control plane that it connected to. */
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

/** Null if the part is not valid percent-encoding. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** Shows the page of the address. The page of a pool has its own stream, and a dialog closes with its page. */
function go() {
  document.querySelector('dialog')?.close();
  const next = route();
  const wanted = next.page.poolOf?.(next.parts) ?? '';
  const before = shown;
  shown = { ...next, wanted };
  if (before === null || before.wanted !== wanted) listen();
  document.title = `${[next.page.name, ...next.parts].join(' ')} · Equipoise`;
  redraw();
  if (before !== null) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

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
  applyEvent(model, event, data, wanted);
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
  render(pulse, pulseWords());
  document.body.classList.toggle('old', !connection.live && connection.heardMs !== null);
  if (connection.status === 401) return render(main, signIn(redraw, listen));
  if (model.view === null) return render(main, h('p', { class: 'alone', key: 'first' }, firstWords()));
  render(main, shown.page.draw(model, shown.parts, redraw));
}

function firstWords() {
  return connection.why === ''
    ? 'Connecting to the control plane …'
    : `Can't connect: ${connection.why}. Trying again …`;
}

function pulseWords() {
  if (connection.status === 401) return [h('i', { class: 'dot warn' }), 'signed out'];
  if (connection.live) {
    const words = `live · revision ${model.view?.revision ?? '–'}`;
    const old = model.page !== '' && model.page !== own;
    const reload = () => button('Reload', () => location.reload(), { kind: 'small' });
    // The control plane has another version of the page.
    return [h('i', { class: 'dot good' }), words, old && [' · this page is out of date: ', reload()]];
  }
  if (connection.heardMs === null) return [h('i', { class: 'dot warn' }), 'connecting …'];
  return [
    h('i', { class: 'dot bad' }),
    h('strong', {}, `Reconnecting: ${connection.why}. Showing data from ${clock(connection.heardMs)}.`),
  ];
}

// The skip link can't use the fragment of the address, which names the page.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', go);
go();
