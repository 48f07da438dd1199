// Charts over time, as elements for lib/dom.mjs. Colors come from the style sheet, so they follow its color scheme.

import uPlot from '../charts/uplot.js';
import { h } from './dom.mjs';
import { byteRate, clock } from './format.mjs';

const HEIGHT = 128;
/** The smallest maximum of the y axis; with a smaller one the scale would follow every single connection. */
const LEAST_TOP = 1;
/** The shortest time that a chart shows, so that the first few seconds do not fill it. */
const LEAST_SECONDS = 60;
/** The steps of the grid where figures are bytes: 512 KiB rather than 488 KiB. */
const BYTE_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** How far from a mark the pointer may be to be told of it. */
const MARK_SECONDS = 10;
/** Half the width of a time label, because one may be centered at the very end. */
const RIGHT_ROOM = 26;

/** A color of the style sheet, resolved for the color scheme in use, because the canvas does not know variables. */
function colorOf(element, name) {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

/**
 * A chart with one or more lines. `lines`: `{label, color}`, the color as the name of a CSS variable; `columns`: the times
 * in milliseconds, then the values of each line, null where one is unknown; `show`: formats a value; `marks`: `{timeMs, kind,
 * words}` of what happened, each a line across the chart; `top`: the smallest maximum of the y axis.
 */
export function chart({ key, title, now, lines, columns, show, hint = '', marks = [], top = LEAST_TOP }) {
  const latest = lines.map(({ label }, index) => `${label} ${show(columns[index + 1].at(-1))}`);
  const legend = lines.length > 1 || hint !== '';
  const entry = (line) => {
    const swatch = h('i', { class: 'swatch', style: { '--swatch': `var(${line.color})` } });
    return h('span', { key: line.label }, swatch, line.label);
  };
  return h(
    'figure',
    { class: 'chart', key },
    h('figcaption', {}, h('span', { class: 'chart-title' }, title), h('strong', { class: 'chart-now' }, now)),
    h('div', {
      class: 'plot',
      role: 'img',
      own: true,
      'aria-label': `${title} over the last minutes. Now: ${latest.join(', ')}`,
      mount,
      sync: (element) => draw(element, { lines, show, columns, marks, top }),
      unmount: (element) => element.plot.end(),
    }),
    legend &&
      h('p', { class: 'legend' }, lines.map(entry), hint && h('span', { class: 'quiet', key: 'hint' }, hint)),
  );
}

function mount(element) {
  const plot = { made: null, names: '', data: [[]] };
  element.plot = plot;
  // This is called first when the element is in the document, so that it has a width and its colors.
  const size = new ResizeObserver(() => {
    if (plot.made === null) make(element);
    else plot.made.setSize({ width: element.clientWidth, height: HEIGHT });
  });
  size.observe(element);
  const scheme = window.matchMedia('(prefers-color-scheme: dark)');
  const remake = () => make(element);
  scheme.addEventListener('change', remake);
  plot.end = () => {
    size.disconnect();
    scheme.removeEventListener('change', remake);
    plot.made?.destroy();
  };
}

function draw(element, { lines, show, columns, marks, top }) {
  const { plot } = element;
  const names = lines.map(({ label }) => label).join();
  const isNew = plot.names !== names;
  Object.assign(plot, { lines, show, names, marks, top, data: dataOf(columns) });
  if (plot.made !== null && isNew) make(element);
  else plot.made?.setData(plot.data);
}

/** Converts times to seconds. uPlot would show a whole day around a single point, so it gets a second one. */
function dataOf([times, ...values]) {
  const seconds = times.map((ms) => ms / 1_000);
  if (seconds.length !== 1) return [seconds, ...values];
  return [[seconds[0] - 1, seconds[0]], ...values.map(([only]) => [null, only])];
}

function make(element) {
  const { plot } = element;
  const { lines, show } = plot;
  plot.made?.destroy();
  const color = (name) => colorOf(element, name);
  const axis = {
    stroke: color('--quiet'),
    font: '11px system-ui',
    grid: { stroke: color('--grid'), width: 1 },
    ticks: { show: false },
  };
  const options = {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [8, RIGHT_ROOM, 0, 0],
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { range: (_plot, min, max) => [Math.min(min, max - LEAST_SECONDS), max] },
      y: { range: (_plot, _min, max) => [0, Math.max(plot.top, (max ?? 0) * 1.15)] },
    },
    axes: [
      {
        ...axis,
        size: 24,
        // Leaves room for the lowest figure of the other axis, half of which is below the line.
        gap: 9,
        space: 70,
        values: (_plot, times) => times.map((time) => timeLabel(time, times)),
      },
      {
        ...axis,
        size: 62,
        gap: 4,
        space: 34,
        values: (_plot, values) => values.map((value) => show(value)),
        ...(show === byteRate && { incrs: BYTE_STEPS }),
      },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: color(line.color),
        width: 1.5,
        points: { show: false },
        ...(lines.length === 1 && { fill: color(line.color).replace(')', ', 0.133)') }),
      })),
    ],
    hooks: {
      drawClear: [(made) => drawMarks(plot.marks, made, color)],
      setCursor: [(made) => describePoint(element, made)],
    },
  };
  plot.made = new uPlot(options, plot.data, element);
}

/** Shows seconds only if the grid lines are so close that minutes would repeat. */
function timeLabel(time, times) {
  const words = clock(time * 1_000);
  return times.length > 1 && times[1] - times[0] < 60 ? words : words.slice(0, 5);
}

/** A dashed line at each time at which something happened. */
function drawMarks(marks, { ctx, bbox, scales, valToPos }, color) {
  ctx.save();
  ctx.setLineDash([4, 4]);
  for (const { timeMs, kind } of marks) {
    if (timeMs / 1_000 < scales.x.min || timeMs / 1_000 > scales.x.max) continue;
    const x = Math.round(valToPos(timeMs / 1_000, 'x', true));
    ctx.strokeStyle = color(`--${kind}`);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** Describes the point under the pointer in the tooltip. */
function describePoint(element, made) {
  const { lines, show, data } = element.plot;
  const { idx } = made.cursor;
  const at = idx === null || idx === undefined ? undefined : data[0][idx];
  const words = lines.map(({ label }, index) => `${label} ${show(data[index + 1][idx])}`);
  const near =
    at === undefined
      ? []
      : element.plot.marks.filter(({ timeMs }) => Math.abs(timeMs / 1_000 - at) < MARK_SECONDS);
  const happened = near.map((one) => `\n${clock(one.timeMs)} ${one.words}`).join('');
  element.title = at === undefined ? '' : `${clock(at * 1_000)}: ${words.join(', ')}${happened}`;
}
