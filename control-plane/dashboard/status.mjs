// The status page: asks /api/status every two seconds and shows it. Text only ever goes in as text, never as markup.

const REFRESH_MS = 2_000;
const ANSWER_TIMEOUT_MS = 5_000;

const page = document.getElementById('page');
const summary = document.getElementById('summary');
const trouble = document.getElementById('trouble');
let shown = '';
let answeredAt = null;

/** An element with properties and children; strings become text. */
function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'heading') made.dataset.heading = value;
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

const text = (content) => [String(content)];
const mark = (kind, words) => element('span', { className: `mark ${kind}` }, words);
const why = (lines) => lines.map((line) => element('span', { className: 'why' }, line));

/** A column: its heading, what it shows of a row as a list of nodes, and its class. */
const column = (heading, show, className = '') => ({ heading, show, className });

function table(columns, { rows, more }, nothing) {
  if (rows.length === 0) return element('p', { className: 'quiet' }, nothing);
  const headings = columns.map(({ heading, className }) =>
    element('th', { className, scope: 'col' }, heading),
  );
  const lines = rows.map((row) =>
    element(
      'tr',
      {},
      ...columns.map(({ heading, show, className }) => element('td', { className, heading }, ...show(row))),
    ),
  );
  const made = element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...headings)),
    element('tbody', {}, ...lines),
  );
  if (more === 0) return made;
  const rest = element('p', { className: 'quiet' }, `and ${more} more: lbctl shows all of them`);
  return element('div', {}, made, rest);
}

function section(title, ...panels) {
  return element('section', {}, element('h2', {}, title), ...panels);
}

const panel = (...content) => element('div', { className: 'panel' }, ...content);

const STATE_MARKS = { active: 'good', draining: 'warn', disabled: 'warn' };
const HEALTH_MARKS = { healthy: 'good', unhealthy: 'bad', unknown: 'warn', ejected: 'bad' };

function healthOf({ state, health, reasons }) {
  const seen = Object.entries(health).filter(([, count]) => count > 0);
  if (state === 'disabled') return [mark('warn', 'not checked')];
  if (seen.length === 0) return [mark('warn', 'no proxy reports it')];
  const alone = seen.length === 1;
  const marks = seen.flatMap(([name, count]) => [
    mark(HEALTH_MARKS[name], alone ? name : `${name} on ${count}`),
    ' ',
  ]);
  return [element('span', {}, ...marks), ...why(reasons)];
}

const BACKENDS = [
  column('Backend', ({ address }) => text(address), 'address'),
  column('Health', healthOf),
  column('State', ({ state }) => [mark(STATE_MARKS[state], state)]),
  column('Weight', ({ weight }) => text(weight), 'number'),
  column('Connections', ({ connections }) => text(connections), 'number'),
];

const LISTENERS = [
  column('Listener', ({ name }) => text(name)),
  column('Address', ({ address, failures }) => [element('span', {}, address), ...why(failures)], 'address'),
  column('Pool', ({ pool }) => text(pool)),
  column('Connections', ({ connections }) => text(connections), 'number'),
];

const POLICIES = [
  column('Policy', ({ name }) => text(name)),
  column('Strategy', ({ strategy }) => text(strategy)),
  column('Health check', ({ healthCheck }) => text(healthCheck)),
];

const PROXIES = [
  column('Proxy', ({ id, zone }) => [element('span', {}, id), ...why(zone === '' ? [] : [`zone ${zone}`])]),
  column('State', proxyState),
  column('Revision', ({ revision, lag }) => [
    element('span', {}, revision === null ? 'none' : String(revision)),
    ...why(lag > 0 ? [`${lag} behind`] : []),
  ]),
  column('Engine', ({ engine, version }) => text(`${engine} ${version}`)),
  column('Connections', ({ connections }) => text(connections), 'number'),
];

function proxyState({ connected, lastSeenMs, problems }) {
  if (!connected)
    return [mark('bad', 'away'), ...why([`last seen ${new Date(lastSeenMs).toLocaleTimeString()}`])];
  return problems.length === 0
    ? [mark('good', 'connected')]
    : [mark('bad', 'has a problem'), ...why(problems)];
}

function poolPanel({ name, policy, backends }) {
  const title = element('h3', {}, `${name} `, element('span', {}, `policy ${policy}`));
  return panel(title, table(BACKENDS, backends, 'No backends.'));
}

function show({ pools, listeners, policies, proxies }) {
  const more = pools.more > 0 ? [element('p', { className: 'quiet' }, `and ${pools.more} more pools`)] : [];
  const poolPanels = pools.rows.map(poolPanel);
  const none = panel(
    element('p', { className: 'quiet' }, 'No pools yet. Try: npx lbctl apply -f examples/quickstart.yaml'),
  );
  page.replaceChildren(
    section('Pools', ...(poolPanels.length === 0 ? [none] : poolPanels), ...more),
    section('Listeners', panel(table(LISTENERS, listeners, 'No listeners yet.'))),
    section('Proxies', panel(table(PROXIES, proxies, 'No proxy has reported yet. Try: npx lb-data-plane'))),
    section('Policies', panel(table(POLICIES, policies, 'No policies.'))),
  );
}

function say(problem) {
  trouble.hidden = problem === '';
  if (trouble.textContent !== problem) trouble.textContent = problem;
}

function summarize({ revision, proxies }) {
  const connected = proxies.rows.filter((proxy) => proxy.connected).length;
  const count = connected === 1 ? '1 proxy' : `${connected} proxies`;
  summary.textContent = `${revision === null ? 'no revision read yet' : `revision ${revision}`} · ${count} connected`;
}

async function refresh() {
  try {
    const response = await fetch('/api/status', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const body = await response.text();
    const status = JSON.parse(body);
    answeredAt = new Date();
    page.classList.remove('old');
    say(
      status.storeTrouble === ''
        ? ''
        : `The store can't be asked, so this comes from memory: ${status.storeTrouble}`,
    );
    // What is the same is left alone, so that nothing flickers and a selection stays.
    if (body !== shown) {
      show(status);
      summarize(status);
      shown = body;
    }
  } catch (error) {
    const since =
      answeredAt === null
        ? 'It has not answered yet.'
        : `What you see is from ${answeredAt.toLocaleTimeString()}.`;
    page.classList.add('old');
    say(`The control plane can't be reached (${error.message}). ${since} Trying again …`);
  }
  window.setTimeout(refresh, REFRESH_MS);
}

await refresh();
