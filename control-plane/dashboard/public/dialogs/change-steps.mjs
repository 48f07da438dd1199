// The first and the last step of a change: what is asked for, and where it is live.

import { h } from '../lib/dom.mjs';
import { counted, moment } from '../lib/format.mjs';
import { button, mark } from '../lib/components.mjs';
import { frame, refused, submit } from './step-frame.mjs';

export function askStep(run, acts) {
  const { what, busy } = run;
  if (what.fields === undefined) {
    const asking = h('p', { class: 'quiet', key: 'asking' }, 'Asking what it would do …');
    return frame(
      run,
      [refused(run) ?? asking],
      button('Close', acts.close),
      run.refusal !== null && submit('Ask again', acts.preview, busy),
    );
  }
  return frame(
    run,
    [
      what.lead && h('p', { class: 'quiet', key: 'lead' }, what.lead),
      refused(run),
      what.fields.map((field) => input(run, acts, field)),
    ],
    button('Cancel', acts.close),
    submit(busy ? 'Asking …' : 'What would it do?', acts.preview, busy),
  );
}

function input(run, acts, { name, label, hint = '', lines, options, about }) {
  const id = `field-${name}`;
  const own = (run.refusal?.violations ?? []).filter(({ field }) => about.test(field));
  // It stands next to its field, and says of several backends alike only once.
  const wrong = [...new Set(own.map(({ description }) => description))];
  const properties = {
    id,
    name,
    value: run.values[name],
    'aria-describedby': `${id}-hint`,
    'aria-invalid': wrong.length > 0 ? 'true' : undefined,
    autocomplete: 'off',
    spellcheck: 'false',
    on: { input: ({ target }) => acts.set(name, target.value) },
  };
  return h(
    'div',
    { class: 'field', key: name },
    h('label', { for: id }, label),
    control(properties, lines, options),
    wrong.map((description) => h('span', { class: 'wrong', key: description }, description)),
    h('span', { class: 'why', id: `${id}-hint`, key: 'hint' }, hint),
  );
}

function control(properties, lines, options) {
  if (lines) return h('textarea', { ...properties, rows: 3 });
  if (options === undefined) return h('input', { ...properties, type: 'text' });
  const { value, ...rest } = properties;
  return h(
    'select',
    rest,
    options.map(([name, label]) => h('option', { value: name, selected: name === value, key: name }, label)),
  );
}

const STATES = {
  STATE_APPLIED: ['good', 'live'],
  STATE_REJECTED: ['bad', 'refused'],
  STATE_LAGGING: ['warn', 'on its way'],
  STATE_DISCONNECTED: ['bad', 'away'],
};

export function resultStep(run, acts) {
  const { what, result } = run;
  const headline = result.unchanged ? 'Nothing had to change.' : `${what.done}: revision ${result.revision}.`;
  const again = result.repeatedRequest ? ' It had been carried out the first time already.' : '';
  return frame(
    run,
    [
      h('p', { class: 'done', role: 'status', key: 'done' }, headline, again),
      !result.unchanged && progress(run.convergence, result.revision),
      result.notes.map((note, index) => h('p', { class: 'note', key: `note-${index}` }, note)),
    ],
    h(
      'button',
      { type: 'submit', class: 'primary', 'data-next': true, key: 'close', on: { click: acts.close } },
      'Close',
    ),
  );
}

/** Other times of the page are those of its reader's clock, too. */
const atOurTime = (text) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => moment(Date.parse(time)));

function progress(convergence, revision) {
  if (convergence === null)
    return h('p', { class: 'quiet', key: 'progress' }, 'It is durable. Asking where it is live …');
  const { proxies } = convergence;
  const live = proxies.filter(({ state }) => state === 'STATE_APPLIED').length;
  const others = proxies.filter(({ state }) => state !== 'STATE_APPLIED').slice(0, 10);
  const headline =
    proxies.length === 0
      ? `No proxy is on the roster: revision ${revision} waits for the first one.`
      : `Live on ${live} of ${counted(proxies.length, 'proxy', 'proxies')}.`;
  return h(
    'div',
    { class: 'progress', key: 'progress' },
    h('progress', { max: Math.max(1, proxies.length), value: live, 'aria-label': headline }),
    h('p', { role: 'status' }, headline),
    h(
      'ul',
      {},
      others.map(({ proxyId, state, reason }) =>
        h(
          'li',
          { key: proxyId },
          mark(...(STATES[state] ?? ['warn', 'unknown'])),
          ` ${proxyId}`,
          reason !== '' && `: ${atOurTime(reason)}`,
        ),
      ),
    ),
  );
}
