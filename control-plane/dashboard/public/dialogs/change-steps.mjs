// The three steps of a change as elements. What they show comes from the control plane; nothing is decided here.

import { h } from '../lib/dom.mjs';
import { counted, percent, whole } from '../lib/format.mjs';
import { button, mark } from '../lib/parts.mjs';
import { changeList } from '../lib/change-list.mjs';

function frame({ what }, acts, content, ...buttons) {
  return h(
    'form',
    { class: 'step', method: 'dialog', key: 'step', on: { submit: (event) => event.preventDefault() } },
    h('h2', { key: 'title' }, what.title),
    content,
    h('div', { class: 'buttons', key: 'buttons' }, buttons),
  );
}

function refused({ refusal, what }) {
  if (refusal === null) return null;
  const fields = what.fields ?? [];
  const elsewhere = refusal.violations.filter(({ field }) => !fields.some(({ about }) => about.test(field)));
  return h(
    'div',
    { class: 'refusal', role: 'alert', key: 'refusal' },
    h('strong', {}, refusal.message),
    elsewhere.length > 0 && h('ul', {}, elsewhere.map((violation, index) => h('li', { key: index }, words(violation)))),
  );
}

const words = ({ field, description }) => [field, description].filter((part) => part !== '').join(' ');

export function askStep(run, acts) {
  const { what, busy } = run;
  if (what.fields === undefined) {
    return frame(run, acts, [run.refusal === null ? h('p', { class: 'quiet', key: 'asking' }, 'Asking what it would do …') : refused(run)], button('Close', acts.close, { kind: 'next' }));
  }
  return frame(
    run,
    acts,
    [
      what.lead && h('p', { class: 'quiet', key: 'lead' }, what.lead),
      refused(run),
      what.fields.map((field) => input(run, acts, field)),
    ],
    button('Cancel', acts.close),
    submit(busy ? 'Asking …' : 'What would it do?', acts.preview, busy),
  );
}

function submit(label, act, disabled, kind = 'primary') {
  return h('button', { type: 'submit', class: kind, disabled, 'data-next': true, key: 'submit', on: { click: act } }, label);
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
  return h('select', rest, options.map(([name, label]) => h('option', { value: name, selected: name === value, key: name }, label)));
}

export function previewStep(run, acts) {
  const { what, preview, busy } = run;
  const guarded = preview.guardRefusals.length > 0;
  const nothing = preview.unchanged || preview.changes.length === 0;
  return frame(
    run,
    acts,
    [
      h('p', { class: 'quiet', key: 'lead' }, nothing ? 'Nothing would change: it is so already.' : 'This is what would change. Nothing was changed yet.'),
      refused(run),
      guarded && guardWords(preview.guardRefusals),
      changeList(preview.changes),
      effects(preview),
      preview.notes.map((note, index) => h('p', { class: 'note', key: `note-${index}` }, note)),
      !nothing && signature(run),
    ],
    what.fields === undefined ? button('Cancel', acts.close) : button('Back', acts.back),
    !nothing && applyButton(run, acts, guarded, busy),
  );
}

function applyButton({ what }, acts, guarded, busy) {
  if (guarded) return submit(busy ? 'Applying …' : 'Overrule the guard and apply', () => acts.apply(true), busy, 'danger');
  return submit(busy ? 'Applying …' : 'Apply', () => acts.apply(false), busy, what.danger ? 'danger' : 'primary');
}

function guardWords(refusals) {
  return h(
    'div',
    { class: 'refusal', key: 'guard', role: 'alert' },
    h('strong', {}, 'The guard refuses this.'),
    h('ul', {}, refusals.map((refusal, index) => h('li', { key: index }, words(refusal)))),
    h('p', {}, 'It can be overruled, if this is what you mean.'),
  );
}

function effects({ poolEffects, listenerEffects }) {
  return [
    ...poolEffects.map((effect) => poolEffect(effect)),
    ...listenerEffects.map(({ listener, connections }) =>
      h('p', { class: 'note', key: `listener-${listener}` }, `Listener ${listener} would stop accepting; ${counted(Number(connections), 'open connection')} would be let finish.`),
    ),
  ];
}

function poolEffect({ pool, backends, connectionsDraining }) {
  const row = ({ address, shareBefore, shareAfter, connections }) =>
    h(
      'tr',
      { key: address },
      h('th', { scope: 'row' }, h('code', {}, address)),
      h('td', { class: 'number' }, percent(shareBefore)),
      h('td', { class: 'number' }, h('strong', {}, percent(shareAfter))),
      h('td', { class: 'number' }, whole(Number(connections))),
    );
  const heads = ['Backend', 'Share now', 'Then', 'Open'];
  return h(
    'div',
    { class: 'effect', key: `pool-${pool}` },
    h('h3', {}, `Share of the new connections of pool ${pool}`),
    h(
      'div',
      { class: 'scroll' },
      h('table', { class: 'plain-table' }, h('thead', {}, h('tr', {}, heads.map((head, index) => h('th', { scope: 'col', key: head, class: index > 0 ? 'number' : '' }, head)))), h('tbody', {}, backends.map(row))),
    ),
    Number(connectionsDraining) > 0 && h('p', { class: 'note' }, `${counted(Number(connectionsDraining), 'open connection')} would drain.`),
  );
}

function signature(run) {
  const field = (name, label, hint) =>
    h(
      'div',
      { class: 'field', key: name },
      h('label', { for: `sign-${name}` }, label),
      h('input', {
        id: `sign-${name}`,
        type: 'text',
        value: run[name],
        placeholder: hint,
        autocomplete: name === 'author' ? 'name' : 'off',
        on: {
          input: ({ target }) => {
            run[name] = target.value;
          },
        },
      }),
    );
  return h('div', { class: 'signature', key: 'signature' }, field('author', 'Who', 'your name, for the history'), field('message', 'Why', 'for the history'));
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
    acts,
    [
      h('p', { class: 'done', key: 'done' }, headline, again),
      !result.unchanged && progress(run.convergence, result.revision),
      result.notes.map((note, index) => h('p', { class: 'note', key: `note-${index}` }, note)),
    ],
    h('button', { type: 'submit', class: 'primary', 'data-next': true, key: 'close', on: { click: acts.close } }, 'Close'),
  );
}

function progress(convergence, revision) {
  if (convergence === null) return h('p', { class: 'quiet', key: 'progress' }, 'It is durable. Asking where it is live …');
  const { proxies } = convergence;
  const live = proxies.filter(({ state }) => state === 'STATE_APPLIED').length;
  const others = proxies.filter(({ state }) => state !== 'STATE_APPLIED').slice(0, 10);
  const headline = proxies.length === 0 ? `No proxy is on the roster: revision ${revision} waits for the first one.` : `Live on ${live} of ${counted(proxies.length, 'proxy', 'proxies')}.`;
  return h(
    'div',
    { class: 'progress', key: 'progress' },
    h('progress', { max: Math.max(1, proxies.length), value: live, 'aria-label': headline }),
    h('p', {}, headline),
    h(
      'ul',
      {},
      others.map(({ proxyId, state, reason }) =>
        h('li', { key: proxyId }, mark(...(STATES[state] ?? ['warn', 'unknown'])), ` ${proxyId}`, reason !== '' && `: ${reason}`),
      ),
    ),
  );
}
