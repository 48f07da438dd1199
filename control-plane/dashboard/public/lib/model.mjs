// What the page knows: the newest view and stats frame, and the figures of the last 15 minutes.

const MAX_POINTS = 1_000;
/** The columns of the history, besides the time, and the figure of a stats frame that each shows. */
const FIGURES = {
  active: 'connectionsActive',
  rate: 'connectionsPerSecond',
  errors: 'errorsPerSecond',
  bytesIn: 'bytesInPerSecond',
  bytesOut: 'bytesOutPerSecond',
};
/** How many lines of a chart can be told apart. */
const MAX_LINES = 8;
/** The busiest backends are chosen by about the last minute. */
const RECENT_POINTS = 60;

export function emptyModel() {
  return {
    view: null,
    stats: null,
    history: { timeMs: [], active: [], rate: [], errors: [], bytesIn: [], bytesOut: [] },
    /** `lines`: the address that has each color; null: the color is free. */
    backends: { timeMs: [], rates: new Map(), lines: [] },
    page: '',
  };
}

/** Applies an event. `pool`: the pool of the history's figures; empty: all pools. */
export function applyEvent(model, event, data, pool) {
  if (event === 'hello') model.page = data.page;
  else if (event === 'history') model.history = data;
  else if (event === 'view') model.view = data;
  else if (event === 'stats') applyStats(model, data, pool);
}

function applyStats(model, stats, pool) {
  model.stats = stats;
  const { history, backends } = model;
  if (stats.timeMs <= (history.timeMs.at(-1) ?? 0)) return;
  const traffic = pool === '' ? stats.total : stats.pools.find((one) => one.pool === pool)?.traffic;
  history.timeMs.push(stats.timeMs);
  for (const [name, figure] of Object.entries(FIGURES)) history[name].push(traffic?.[figure] ?? 0);
  dropOldest(Object.values(history));
  addBackendRates(backends, stats);
}

function dropOldest(columns) {
  for (const column of columns) if (column.length > MAX_POINTS) column.shift();
}

/** New connections per second of each backend in the newest frame, since the page was opened. */
function addBackendRates(backends, stats) {
  const { timeMs, rates } = backends;
  const now = new Map(
    stats.backends.map(({ backend, traffic }) => [backend.address, traffic?.connectionsPerSecond ?? 0]),
  );
  for (const address of rates.keys()) if (!now.has(address)) rates.delete(address);
  for (const [address, value] of now) {
    if (!rates.has(address)) rates.set(address, Array(timeMs.length).fill(null));
    rates.get(address).push(value);
  }
  timeMs.push(stats.timeMs);
  dropOldest([timeMs, ...rates.values()]);
  choose(backends);
}

const byName = (a, b) => (a < b ? -1 : 1);

/** Gives lines to the busiest backends. One that keeps its line also keeps its color. */
function choose(backends) {
  const sums = [...backends.rates].map(([address, rates]) => [
    address,
    rates.slice(-RECENT_POINTS).reduce((sum, rate) => sum + (rate ?? 0), 0),
  ]);
  sums.sort(([a, most], [b, less]) => less - most || byName(a, b));
  const wanted = sums.slice(0, MAX_LINES).map(([address]) => address);
  const kept = backends.lines.map((address) => (wanted.includes(address) ? address : null));
  for (const address of wanted.filter((one) => !kept.includes(one)).sort(byName)) {
    const free = kept.indexOf(null);
    if (free === -1) kept.push(address);
    else kept[free] = address;
  }
  backends.lines = kept;
}

const ORDER = { critical: 0, warning: 1, notice: 2 };

/** The problems of the fleet and those found in its traffic, worst first, and how many there are. */
export function problemsOf(fleet, traffic) {
  const lists = [fleet, traffic].filter((list) => list !== undefined);
  const sum = (read) => lists.reduce((all, list) => all + read(list), 0);
  return {
    rows: lists.flatMap(({ rows }) => rows).sort((a, b) => ORDER[a.severity] - ORDER[b.severity]),
    more: sum(({ more }) => more),
    critical: sum(({ counts }) => counts.critical),
    all: sum(({ counts }) => counts.critical + counts.warning + counts.notice),
  };
}
