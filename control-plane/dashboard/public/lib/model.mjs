// What the page knows: the newest view and frame, and the figures of the last 15 minutes.

const MAX_POINTS = 1_000;
const COLUMNS = ['timeMs', 'active', 'rate', 'errors', 'bytesIn', 'bytesOut'];
/** Lines of one chart that can be told apart. */
const MAX_LINES = 8;
/** The busiest are those of about the last minute. */
const RECENT_POINTS = 60;

export function emptyModel() {
  return {
    view: null,
    stats: null,
    history: emptyHistory(),
    backends: emptyBackends(),
    page: '',
  };
}

const emptyHistory = () => Object.fromEntries(COLUMNS.map((name) => [name, []]));
/** `lines`: by colour, the address that has it; null: it is free. */
const emptyBackends = () => ({ timeMs: [], rates: new Map(), lines: [] });

/** Takes over an event. `pool`: whose figures the history is of; empty: everything's. */
export function fold(model, event, data, pool) {
  if (event === 'hello') model.page = data.page;
  else if (event === 'history') model.history = data;
  else if (event === 'view') model.view = data;
  else if (event === 'stats') foldStats(model, data, pool);
}

function foldStats(model, stats, pool) {
  model.stats = stats;
  const { history, backends } = model;
  if (stats.timeMs <= (history.timeMs.at(-1) ?? 0)) return;
  const traffic = pool === '' ? stats.total : stats.pools.find((one) => one.pool === pool)?.traffic;
  push(history, { timeMs: stats.timeMs, ...pointOf(traffic ?? {}) });
  foldBackends(backends, stats);
}

function pointOf({
  connectionsActive: active = 0,
  connectionsPerSecond: rate = 0,
  errorsPerSecond: errors = 0,
  bytesInPerSecond: bytesIn = 0,
  bytesOutPerSecond: bytesOut = 0,
}) {
  return { active, rate, errors, bytesIn, bytesOut };
}

function push(history, point) {
  for (const name of COLUMNS) {
    history[name].push(point[name]);
    if (history[name].length > MAX_POINTS) history[name].shift();
  }
}

/** Connections a second of each backend that is in the newest frame, since the page was opened. */
function foldBackends(backends, stats) {
  const { timeMs, rates } = backends;
  const now = new Map(
    stats.backends.map(({ backend, traffic }) => [backend.address, traffic?.connectionsPerSecond ?? 0]),
  );
  for (const address of rates.keys()) if (!now.has(address)) rates.delete(address);
  for (const [address, value] of now) {
    if (!rates.has(address))
      rates.set(
        address,
        timeMs.map(() => null),
      );
    rates.get(address).push(value);
  }
  timeMs.push(stats.timeMs);
  if (timeMs.length > MAX_POINTS) for (const column of [timeMs, ...rates.values()]) column.shift();
  choose(backends);
}

const byName = (a, b) => (a < b ? -1 : 1);

/** Which get a line: the busiest of late. One that stays keeps its place, and with it its colour. */
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

/** The problems of the fleet and those that traffic shows, worst first, with how many there are in all. */
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
