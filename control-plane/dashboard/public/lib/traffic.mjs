// The traffic of a page's subject: what its figures are now, and charts of the last 15 minutes.

import { chart } from './chart.mjs';
import { panel } from './components.mjs';
import { h } from './dom.mjs';
import { byteRate, latency, percent, rate, short, whole } from './format.mjs';

/** The CSS variables of the line colors (colors.css). */
const LINES = Array.from({ length: 8 }, (_, index) => `--line-${index + 1}`);

/** `errors`: what errors are of this subject: connections of clients that failed, or attempts to reach a backend. */
export function trafficPanel({ stats, history, lines, events }, errors = 'Failed connections') {
  if (stats === null || history.timeMs.length === 0) {
    const words = 'No data yet. No proxy has reported its traffic to this control plane.';
    return panel('Traffic', h('p', { class: 'empty', key: 'no-traffic' }, words));
  }
  const { point } = stats;
  // Only pages about proxies have it; that of a proxy which is away has its past.
  const hasCapacity = history.columns.capacity?.some((value) => value !== null);
  const marks = marksOf(events);
  /** `series`: the column of each line, its color, and its label if there are several. */
  const draw = (title, show, series, { exact = show, top } = {}) =>
    chart({
      key: title,
      title,
      now: series.map(([name]) => exact(point[name])).join(', '),
      show,
      marks,
      top,
      lines: series.map(([, color, label = title]) => ({ label, color })),
      columns: [
        history.timeMs,
        ...series.map(([name]) => history.columns[name] ?? history.timeMs.map(() => null)),
      ],
    });
  const charts = [
    draw('Open connections', short, [['active', '--line-1']], { exact: whole }),
    draw('New connections', rate, [['rate', '--line-2']]),
    draw(errors, rate, [['errors', '--line-bad']]),
    draw('Bytes in and out', byteRate, [
      ['bytesIn', '--line-3', 'in'],
      ['bytesOut', '--line-4', 'out'],
    ]),
    draw(
      'Latency p99',
      latency,
      [
        ['connectP99', '--line-1', 'connect'],
        ['firstByteP99', '--line-6', 'first byte'],
      ],
      { top: 0.001 },
    ),
    hasCapacity && draw('Capacity used', percent, [['capacity', '--line-5']], { top: 1 }),
    movement(history, lines, marks),
  ];
  return panel('Traffic', h('div', { class: 'charts', key: 'charts' }, charts));
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
