// What the page knows: the newest view and frame, and the figures of the last 15 minutes.

const MAX_POINTS = 1_000;
const COLUMNS = ['timeMs', 'active', 'rate', 'errors', 'bytesIn', 'bytesOut'];
/** Lines of one chart that can be told apart. */
const MAX_LINES = 8;

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
const emptyBackends = () => ({ timeMs: [], rates: new Map() });

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

/** Connections a second of each backend, since the page was opened. */
function foldBackends(backends, stats) {
  backends.timeMs.push(stats.timeMs);
  for (const { backend } of stats.backends) {
    if (backends.rates.has(backend.address) || backends.rates.size >= MAX_LINES) continue;
    backends.rates.set(
      backend.address,
      backends.timeMs.slice(1).map(() => null),
    );
  }
  for (const [address, rates] of backends.rates) {
    const found = stats.backends.find(({ backend }) => backend.address === address);
    rates.push(found?.traffic?.connectionsPerSecond ?? null);
  }
  if (backends.timeMs.length <= MAX_POINTS) return;
  backends.timeMs.shift();
  for (const rates of backends.rates.values()) rates.shift();
}

/** All problems, worst first: those of the fleet and those that traffic shows. */
export function problemsOf({ view, stats }) {
  const order = { critical: 0, warning: 1, notice: 2 };
  const rows = [...(view?.problems.rows ?? []), ...(stats?.problems ?? [])];
  return rows.sort((a, b) => order[a.severity] - order[b.severity]);
}
