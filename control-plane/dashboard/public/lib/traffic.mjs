// The traffic of a page's subject: what its figures are now, and charts of the last 15 minutes.

import { chart } from './chart.mjs';
import { panel } from './components.mjs';
import { h } from './dom.mjs';
import { byteRate, latency, percent, rate, short, whole } from './format.mjs';

/** The CSS variables of the line colors (colors.css). */
const LINES = Array.from({ length: 8 }, (_, index) => `--line-${index + 1}`);

const line = (name, label, color) => ({ name, label, color });

/** `errors`: what errors are of this subject: connections of clients that failed, or attempts to reach a backend. */
function chartsOf({ traffic, point }, errors) {
  const seen = (read) => (traffic === null ? '–' : read(traffic));
  return [
    [
      'active',
      'Open connections',
      whole(traffic?.connectionsActive),
      short,
      [line('active', '', '--line-1')],
    ],
    ['rate', 'New connections', rate(traffic?.connectionsPerSecond), rate, [line('rate', '', '--line-2')]],
    ['errors', errors, rate(traffic?.errorsPerSecond), rate, [line('errors', '', '--line-bad')]],
    [
      'bytes',
      'Bytes in and out',
      seen((now) => `${byteRate(now.bytesInPerSecond)}, ${byteRate(now.bytesOutPerSecond)}`),
      byteRate,
      [line('bytesIn', 'in', '--line-3'), line('bytesOut', 'out', '--line-4')],
    ],
    [
      'p99',
      'Latency p99',
      seen((now) => `${latency(now.connect?.p99)}, ${latency(now.firstByte?.p99)}`),
      latency,
      [line('connectP99', 'connect', '--line-1'), line('firstByteP99', 'first byte', '--line-6')],
      0.001,
    ],
    point.capacity !== null && [
      'capacity',
      'Capacity used',
      percent(point.capacity),
      percent,
      [line('capacity', '', '--line-5')],
      1,
    ],
  ].filter((one) => one !== false);
}

export function trafficPanel({ stats, history, lines, events }, errors = 'Failed connections') {
  if (stats === null || history.timeMs.length === 0) {
    const words = 'No data yet. No proxy has reported its traffic to this control plane.';
    return panel('Traffic', h('p', { class: 'empty', key: 'no-traffic' }, words));
  }
  const marks = marksOf(events);
  const column = (name) => history.columns[name] ?? history.timeMs.map(() => null);
  const charts = chartsOf(stats, errors).map(([key, title, now, show, of, top]) =>
    chart({
      key,
      title,
      now,
      show,
      marks,
      lines: of.map((one) => ({ ...one, label: one.label || title })),
      columns: [history.timeMs, ...of.map(({ name }) => column(name))],
      ...(top !== undefined && { top }),
    }),
  );
  return panel(
    'Traffic',
    h('div', { class: 'charts', key: 'charts' }, charts, movement(history, lines, marks)),
  );
}

/** New connections per second of each backend, to see how traffic moves after a change. */
function movement({ timeMs, backends }, addresses, marks) {
  const lines = addresses.flatMap((label, index) => (label === null ? [] : [{ label, color: LINES[index] }]));
  if (lines.length === 0) return null;
  const few = backends.size > lines.length ? `the busiest ${lines.length} of ${backends.size}` : '';
  return chart({
    key: 'movement',
    title: 'New connections by backend',
    now: '',
    show: rate,
    marks,
    lines,
    columns: [timeMs, ...lines.map(({ label }) => backends.get(label))],
    hint: few,
  });
}

/** What charts mark: revisions, and backends that came up or went down. */
const marksOf = (events) =>
  events.map(({ timeMs, tone, text }) => ({ timeMs, kind: tone === 'plain' ? 'accent' : tone, words: text }));
