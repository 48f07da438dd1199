// What the page knows: the newest view and stats frame, and the figures of the last 15 minutes. Unknown ones are null.

const PAST_MS = 15 * 60_000;
/** As many as a control plane keeps. */
const MAX_EVENTS = 2_000;
/** How many lines of a chart can be told apart. */
const MAX_LINES = 8;

export function emptyModel() {
  return {
    view: null,
    stats: null,
    /** `columns`: the figures by name; `backends`: new connections per second by address; each as long as `timeMs`. */
    history: { timeMs: [], columns: {}, backends: new Map() },
    /** The address that has each color; null: the color is free. */
    lines: [],
    /** What happened, newest first. */
    events: [],
    keptSinceMs: null,
    page: '',
  };
}

export function applyEvent(model, event, data) {
  if (event === 'hello') applyHello(model, data);
  else if (event === 'history') applyHistory(model, data);
  else if (event === 'view') model.view = data;
  else if (event === 'events') applyEvents(model, data);
  else if (event === 'stats') applyStats(model, data);
}

/** The stream begins again, perhaps with another control plane, whose events have ids of their own. */
function applyHello(model, { page }) {
  Object.assign(model, { page, events: [], keptSinceMs: null });
}

/** An event that more proxies report comes again with the same id. */
function applyEvents(model, { rows, keptSinceMs }) {
  const byId = new Map([...model.events, ...rows].map((one) => [one.id, one]));
  model.events = [...byId.values()].sort((a, b) => b.timeMs - a.timeMs || b.id - a.id).slice(0, MAX_EVENTS);
  model.keptSinceMs = keptSinceMs;
}

function applyHistory(model, { timeMs, columns, backends }) {
  model.history = { timeMs, columns, backends: new Map(backends) };
  chooseLines(model);
}

function applyStats(model, stats) {
  model.stats = stats;
  const { history } = model;
  const { timeMs, columns, backends } = history;
  if (stats.timeMs <= (timeMs.at(-1) ?? 0)) return;
  const rates = new Map(
    stats.backends.map(({ backend, traffic }) => [backend.address, traffic?.connectionsPerSecond ?? null]),
  );
  for (const [name, value] of Object.entries(stats.point))
    append((columns[name] ??= []), timeMs.length, value);
  // A backend that was removed keeps its past.
  for (const address of rates.keys()) if (!backends.has(address)) backends.set(address, []);
  for (const [address, past] of backends) append(past, timeMs.length, rates.get(address) ?? null);
  timeMs.push(stats.timeMs);
  while (timeMs[0] < stats.timeMs - PAST_MS) {
    for (const one of [timeMs, ...Object.values(columns), ...backends.values()]) one.shift();
  }
  for (const [address, past] of backends) if (past.every((value) => value === null)) backends.delete(address);
  chooseLines(model);
}

/** Appends a figure to a column, which may have begun later than the others. */
function append(figures, length, value) {
  while (figures.length < length) figures.push(null);
  figures.push(value);
}

const byName = (a, b) => (a < b ? -1 : 1);

/** Gives lines to the backends that were busiest in the time that a chart shows. One that keeps its line keeps its color. */
function chooseLines(model) {
  const sums = [...model.history.backends].map(([address, rates]) => [
    address,
    rates.reduce((sum, rate) => sum + (rate ?? 0), 0),
  ]);
  sums.sort(([a, most], [b, less]) => less - most || byName(a, b));
  const wanted = sums.slice(0, MAX_LINES).map(([address]) => address);
  const kept = model.lines.map((address) => (wanted.includes(address) ? address : null));
  for (const address of wanted.filter((one) => !kept.includes(one)).sort(byName)) {
    const free = kept.indexOf(null);
    if (free === -1) kept.push(address);
    else kept[free] = address;
  }
  model.lines = kept;
}

const ORDER = { critical: 0, warning: 1, notice: 2 };

/** The problems of the fleet and those found in its traffic, by cause and worst first, and how many there are. */
export function problemsOf(fleet, traffic) {
  const lists = [fleet, traffic].filter((list) => list !== undefined);
  const sum = (severity) => lists.reduce((all, { counts }) => all + counts[severity], 0);
  return {
    groups: lists.flatMap(({ groups }) => groups.rows).sort((a, b) => ORDER[a.severity] - ORDER[b.severity]),
    more: lists.reduce((all, { groups }) => all + groups.more, 0),
    counts: { critical: sum('critical'), warning: sum('warning'), notice: sum('notice') },
  };
}

/** `2 critical problems, 5 in total`; empty: there are none. */
export function countsInWords({ critical, warning, notice }) {
  const all = critical + warning + notice;
  const words = (count, kind) => `${count} ${kind}${count === 1 ? '' : 's'}`;
  if (critical === 0) return all === 0 ? '' : words(all, 'problem');
  return (
    words(critical, 'critical problem') + (critical === all ? '' : `, ${words(all, 'problem')} in total`)
  );
}
