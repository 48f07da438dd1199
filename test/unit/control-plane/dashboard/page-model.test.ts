/** What the page makes of what it is told, without a browser. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

type Figures = readonly (number | null)[];

interface Model {
  readonly history: {
    readonly timeMs: readonly number[];
    readonly columns: Readonly<Record<string, Figures>>;
    readonly backends: ReadonlyMap<string, Figures>;
  };
  readonly lines: readonly (string | null)[];
  readonly events: readonly { readonly id: number }[];
}

type Show = (value: number | null | undefined) => string;

/** Scripts for the browser have no types. */
const page = async <T>(name: string) =>
  (await import(
    new URL(`../../../../control-plane/dashboard/public/${name}.mjs`, import.meta.url).href
  )) as T;
const { emptyModel, applyEvent, problemsOf, countsInWords } = await page<{
  emptyModel(): Model;
  applyEvent(model: Model, event: string, data: unknown): void;
  problemsOf(fleet: object, traffic: object | undefined): { readonly counts: object };
  countsInWords(counts: object): string;
}>('lib/model');
const { arrange, nextSort, choicesOf } = await page<{
  arrange<Row>(rows: readonly Row[], columns: readonly unknown[], asked: object): readonly Row[];
  nextSort(sort: string, column: unknown): string;
  choicesOf(rows: readonly unknown[], column: unknown): readonly string[];
}>('lib/arrange');
const { parseHash, input, setInputs } = await page<{
  parseHash(hash: string): { readonly parts: readonly (string | null)[] };
  input(name: string): string;
  setInputs(values: Readonly<Record<string, string>>): void;
}>('lib/address');
const { statusOf, titleOf } = await page<{
  statusOf(connection: object, counts: object | null): object;
  titleOf(status: object, page: string): string;
}>('lib/status');
const { whole, rate, byteRate, latency, percent } =
  await page<Readonly<Record<'whole' | 'rate' | 'byteRate' | 'latency' | 'percent', Show>>>('lib/format');
interface Frame {
  readonly point?: Readonly<Record<string, number | null>>;
  readonly rates?: Readonly<Record<string, number>>;
}

it('forgets the events of a control plane when another one answers, because their ids begin again', () => {
  const model = emptyModel();
  const heard = (ids: readonly number[]) => {
    applyEvent(model, 'hello', { page: 'v1' });
    applyEvent(model, 'events', { rows: ids.map((id) => ({ id, timeMs: id })), keptSinceMs: 0 });
    return model.events.map(({ id }) => id);
  };
  assert.deepEqual([heard([1, 2, 3]), heard([1])], [[3, 2, 1], [1]]);
});

/** A model that heard such frames, a second apart unless `stepMs` says otherwise. */
function after(frames: readonly Frame[], stepMs = 1_000, history?: object) {
  const model = emptyModel();
  if (history) applyEvent(model, 'history', history);
  frames.forEach(({ point = {}, rates = {} }, index) => {
    const backends = Object.entries(rates).map(([address, connectionsPerSecond]) => ({
      backend: { address },
      traffic: { connectionsPerSecond },
    }));
    applyEvent(model, 'stats', { timeMs: (index + 1) * stepMs, point, backends });
  });
  return model;
}

describe('the figures of the charts', () => {
  it('begin with the past that exists, and every column is as long as the times', () => {
    const past = { timeMs: [100, 200], columns: { rate: [1, 2] }, backends: [['a', [3, null]]] };
    const { history, lines } = after([{ point: { rate: 5, active: 7 }, rates: { a: 4, b: 6 } }], 1_000, past);
    assert.deepEqual(history.timeMs, [100, 200, 1_000]);
    assert.deepEqual(history.columns, { rate: [1, 2, 5], active: [null, null, 7] });
    assert.deepEqual(
      [...history.backends],
      [
        ['a', [3, null, 4]],
        ['b', [null, null, 6]],
      ],
    );
    assert.deepEqual(lines, ['a', 'b']);
  });

  it('keep the past of a backend that was removed, until no chart shows it', () => {
    const removed = after([{ rates: { a: 1, b: 2 } }, { rates: { b: 2 } }]);
    assert.deepEqual(removed.history.backends.get('a'), [1, null]);
    assert.deepEqual(removed.lines, ['a', 'b']);
    const minutes = Array.from({ length: 20 }, (_, index) => ({
      rates: index === 0 ? { a: 1, b: 2 } : { b: 2 },
    }));
    const later = after(minutes, 60_000);
    assert.deepEqual([...later.history.backends.keys()], ['b']);
    assert.deepEqual([later.history.timeMs.length, later.lines], [16, [null, 'b']]);
  });

  it('have lines for the busiest backends, which keep their colors', () => {
    const many = (rate: (index: number) => number) =>
      Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`b${index}`, rate(index)]));
    const first = after([{ rates: many((index) => index) }]).lines;
    assert.deepEqual(new Set(first), new Set(['b10', 'b11', 'b4', 'b5', 'b6', 'b7', 'b8', 'b9']));
    const busy = many((index) => (index === 0 ? 1_000 : index));
    const later = after([{ rates: many((index) => index) }, { rates: busy }]).lines;
    assert.deepEqual(
      later,
      first.map((line) => (line === 'b4' ? 'b0' : line)),
    );
  });
});

it('what is unknown is a dash, and zero is zero', () => {
  for (const show of [whole, rate, byteRate, latency, percent]) {
    assert.deepEqual([show(null), show(undefined)], ['–', '–']);
  }
  assert.deepEqual([whole(0), rate(0), byteRate(0), percent(0)], ['0', '0/s', '0 B/s', '0 %']);
});

describe('the state of everything', () => {
  const live = { live: true, heardMs: 1, status: 200 };
  const counts = (critical: number, warning = 0, notice = 0) => ({ critical, warning, notice });

  for (const [connection, known, kind, words, title] of [
    [live, counts(0), 'good', 'all well', 'Pools · Equipoise'],
    [live, counts(0, 0, 1), 'plain', '1 notice', '1 notice · Pools · Equipoise'],
    [live, counts(0, 2, 1), 'warn', '2 warnings', '2 warnings · Pools · Equipoise'],
    [live, counts(3, 2), 'bad', '3 critical', '3 critical · Pools · Equipoise'],
    [{ ...live, live: false }, counts(0), 'bad', 'not connected', 'not connected · Pools · Equipoise'],
    [{ ...live, status: 401 }, null, 'warn', 'signed out', 'signed out · Pools · Equipoise'],
    [
      { ...live, heardMs: null, live: false },
      null,
      'warn',
      'connecting …',
      'connecting … · Pools · Equipoise',
    ],
  ] as const) {
    it(`is ${words}`, () => {
      const status = statusOf(connection, known);
      assert.deepEqual([status, titleOf(status, 'Pools')], [{ kind, words }, title]);
    });
  }
});

it('problems of the fleet and of its traffic are shown together, worst first', () => {
  const list = (severity: string, counts: object, more = 0) => ({
    groups: { rows: [{ severity }], more },
    counts,
  });
  const fleet = list('warning', { critical: 0, warning: 3, notice: 0 }, 4);
  const traffic = list('critical', { critical: 2, warning: 0, notice: 0 });
  const both = problemsOf(fleet, traffic);
  assert.deepEqual(both, {
    groups: [{ severity: 'critical' }, { severity: 'warning' }],
    more: 4,
    counts: { critical: 2, warning: 3, notice: 0 },
  });
  assert.equal(countsInWords(both.counts), '2 critical problems, 5 problems in total');
  assert.equal(countsInWords(problemsOf(fleet, undefined).counts), '3 problems');
});

describe('a table', () => {
  const text = (head: string, key: string) => ({ head, kind: '', show: (row: Row) => row[key as 'name'] });
  interface Row {
    readonly name: string;
    readonly state: string;
    readonly rate: number | null;
  }
  const columns = [
    text('Name', 'name'),
    { ...text('State', 'state'), filter: ({ state }: Row) => state },
    {
      head: 'New',
      kind: 'number',
      show: ({ rate: one }: Row) => rate(one),
      value: ({ rate: one }: Row) => one,
    },
  ];
  const rows: readonly Row[] = [
    { name: 'web-10', state: 'up', rate: 5 },
    { name: 'web-9', state: 'down', rate: null },
    { name: 'api', state: 'up', rate: 40 },
  ];

  for (const [asked, names] of [
    [{}, 'web-10 web-9 api'],
    [{ sort: 'Name' }, 'api web-9 web-10'],
    [{ sort: '-New' }, 'api web-10 web-9'],
    [{ sort: 'New' }, 'web-10 api web-9'],
    [{ sort: 'gone' }, 'web-10 web-9 api'],
    [{ search: 'WEB up' }, 'web-10'],
    [{ search: 'nothing' }, ''],
    [{ filters: { State: 'up' }, sort: '-Name' }, 'web-10 api'],
  ] as const) {
    it(`has its rows as ${JSON.stringify(asked)} asks`, () => {
      const found: readonly Row[] = arrange(rows, columns, asked);
      assert.equal(found.map(({ name }) => name).join(' '), names);
    });
  }

  it('sorts by a column in one order, in the other, and no more', () => {
    const [name, , figures] = columns;
    const orders = (column: unknown) => ['', nextSort('', column), nextSort(nextSort('', column), column)];
    assert.deepEqual(orders(name), ['', 'Name', '-Name']);
    assert.deepEqual(orders(figures), ['', '-New', 'New']);
    assert.equal(nextSort('-Name', name), '');
    assert.deepEqual(choicesOf(rows, columns[1]), ['down', 'up']);
  });
});

it('an address holds the inputs of its view, whatever they are', () => {
  const at = { hash: '#/pools/web' };
  const history = { replaceState: (_state: null, _title: string, hash: string) => void (at.hash = hash) };
  Object.assign(globalThis, { location: at, window: { history, dispatchEvent: () => true } });
  setInputs({ 'backends.search': 'a & b?' });
  setInputs({ from: '3' });
  assert.deepEqual([input('backends.search'), input('from'), input('to')], ['a & b?', '3', '']);
  assert.deepEqual(parseHash(at.hash).parts, ['pools', 'web']);
  setInputs({ from: '', 'backends.search': '' });
  assert.equal(at.hash, '#/pools/web');
  assert.deepEqual(parseHash('#/pools/%E0%A4%A').parts, ['pools', null]);
});
