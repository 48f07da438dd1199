// The first and the last step of a change: its fields, and which proxies run it.

import { button, field, mark, note } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { counted, moment } from '../lib/format.mjs';
import { backButton, frame, refused, submit } from './step-frame.mjs';

export function askStep(run, acts) {
  const { what, busy } = run;
  if (what.direct !== undefined) {
    const lead = h('p', { class: 'quiet', key: 'lead' }, what.lead);
    return frame(
      run,
      [lead, refused(run)],
      backButton(run, acts),
      submit(what.direct, acts.direct, busy, 'danger'),
    );
  }
  if (what.fields.length === 0) {
    const loading = h('p', { class: 'quiet', key: 'loading' }, 'Loading the preview …');
    return frame(
      run,
      [refused(run) ?? loading],
      button('Close', acts.close),
      run.refusal !== null && submit('Try again', acts.preview, busy),
    );
  }
  return frame(
    run,
    [
      what.lead && h('p', { class: 'quiet', key: 'lead' }, what.lead),
      refused(run),
      what.fields.filter(({ when }) => when?.(run.values) ?? true).map((one) => input(run, one)),
    ],
    backButton(run, acts),
    submit(busy ? 'Loading …' : 'Preview', acts.preview, busy),
  );
}

function input(run, { name, label, hint = '', area, options, about }) {
  // A violation is shown next to its field; the same text for several backends only once.
  const own = (run.refusal?.violations ?? []).filter((violation) => about.test(violation.field));
  return field(run.values, name, {
    id: `field-${name}`,
    name,
    label,
    hint,
    wrong: [...new Set(own.map(inItem))],
    spellcheck: 'false',
    control: (properties) => control(run, properties, area, options),
  });
}

/** Of a step or a status, which one it is. */
function inItem({ field: path, description }) {
  const index = /(?:script|status)\[(\d+)\]/.exec(path)?.[1];
  return index === undefined ? description : `Number ${Number(index) + 1} ${description}`;
}

function control(run, properties, area, options) {
  if (area) return h('textarea', { ...properties, rows: 3 });
  if (options === undefined) return h('input', { ...properties, type: 'text' });
  const { value, on, ...rest } = properties;
  return h(
    'select',
    // Which other fields there are may depend on it.
    { ...rest, on: { ...on, change: run.draw } },
    options.map(([name, label]) => h('option', { value: name, selected: name === value, key: name }, label)),
  );
}

const STATES = {
  STATE_APPLIED: ['good', 'live'],
  STATE_REJECTED: ['bad', 'refused'],
  STATE_LAGGING: ['warn', 'pending'],
  STATE_DISCONNECTED: ['bad', 'disconnected'],
};

export function resultStep(run, acts) {
  const { what, result } = run;
  const headline = result.unchanged ? 'Nothing had to change.' : `${what.done}: revision ${result.revision}.`;
  const again = result.repeatedRequest ? ' The first attempt had already succeeded.' : '';
  return frame(
    run,
    [
      h('p', { class: 'done', role: 'status', key: 'done' }, headline, again),
      !result.unchanged && progress(run.convergence, result.revision),
      result.notes.map(note),
    ],
    submit('Close', acts.close),
  );
}

/** Shows times in the local time zone, like the rest of the page. */
const inLocalTime = (text) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => moment(Date.parse(time)));

function progress(convergence, revision) {
  if (convergence === null) {
    const words = 'The change is stored. Checking which proxies run it …';
    return h('p', { class: 'quiet', key: 'progress' }, words);
  }
  const { proxies } = convergence;
  const live = proxies.filter(({ state }) => state === 'STATE_APPLIED').length;
  const others = proxies.filter(({ state }) => state !== 'STATE_APPLIED').slice(0, 10);
  const headline =
    proxies.length === 0
      ? `No proxy is on the roster; the first one that connects will get revision ${revision}.`
      : `Live on ${live} of ${counted(proxies.length, 'proxy', 'proxies')}.`;
  const row = ({ proxyId, state, reason }) => {
    const words = reason === '' ? ` ${proxyId}` : ` ${proxyId}: ${inLocalTime(reason)}`;
    return h('li', { key: proxyId }, mark(...(STATES[state] ?? ['warn', 'unknown'])), words);
  };
  return h(
    'div',
    { class: 'progress', key: 'progress' },
    h('progress', { max: Math.max(1, proxies.length), value: live, 'aria-label': headline }),
    h('p', { role: 'status' }, headline),
    h('ul', {}, others.map(row)),
  );
}
