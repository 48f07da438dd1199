// What a change would do, before it is made. All of it is the answer to a dry run; nothing is decided here.

import { changeList } from '../lib/change-list.mjs';
import { h } from '../lib/dom.mjs';
import { counted, percent, whole } from '../lib/format.mjs';
import { button } from '../lib/components.mjs';
import { frame, refused, submit, words } from './step-frame.mjs';

export function previewStep(run, acts) {
  const { what, preview, outdated } = run;
  const guarded = preview.guardRefusals.length > 0;
  const nothing = preview.unchanged || preview.changes.length === 0;
  return frame(
    run,
    [
      h('p', { class: 'quiet', key: 'lead' }, leadOf(outdated, nothing)),
      refused(run),
      !outdated && guarded && guardWords(preview.guardRefusals),
      !outdated && whatWouldChange(preview),
      (outdated || !nothing) && signature(run),
    ],
    what.fields === undefined ? button('Cancel', acts.close) : button('Back', acts.back),
    outdated ? askAgainButton(run, acts) : !nothing && applyButton(run, acts, guarded),
  );
}

function leadOf(outdated, nothing) {
  if (outdated) return 'Nothing was changed: somebody else was quicker.';
  return nothing
    ? 'Nothing would change: it is so already.'
    : 'This is what would change. Nothing was changed yet.';
}

const whatWouldChange = (preview) => [
  changeList(preview.changes),
  effects(preview),
  preview.notes.map((note, index) => h('p', { class: 'note', key: `note-${index}` }, note)),
];

const askAgainButton = ({ busy }, acts) =>
  submit(busy ? 'Asking …' : 'What would it do now?', acts.preview, busy);

function applyButton({ what, busy }, acts, guarded) {
  if (guarded)
    return submit(
      busy ? 'Applying …' : 'Overrule the guard and apply',
      () => acts.apply(true),
      busy,
      'danger',
    );
  return submit(
    busy ? 'Applying …' : 'Apply',
    () => acts.apply(false),
    busy,
    what.danger ? 'danger' : 'primary',
  );
}

function guardWords(refusals) {
  return h(
    'div',
    { class: 'refusal', key: 'guard', role: 'alert' },
    h('strong', {}, 'The guard refuses this.'),
    h(
      'ul',
      {},
      refusals.map((refusal, index) => h('li', { key: index }, words(refusal))),
    ),
    h('p', {}, 'It can be overruled, if this is what you mean.'),
  );
}

function effects({ poolEffects, listenerEffects }) {
  return [
    ...poolEffects.map((effect) => poolEffect(effect)),
    ...listenerEffects.map(({ listener, connections }) =>
      h(
        'p',
        { class: 'note', key: `listener-${listener}` },
        `Listener ${listener} would stop accepting; ${counted(Number(connections), 'open connection')} would be let finish.`,
      ),
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
      h(
        'table',
        { class: 'plain-table' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            heads.map((head, index) =>
              h('th', { scope: 'col', key: head, class: index > 0 ? 'number' : '' }, head),
            ),
          ),
        ),
        h('tbody', {}, backends.map(row)),
      ),
    ),
    Number(connectionsDraining) > 0 &&
      h('p', { class: 'note' }, `${counted(Number(connectionsDraining), 'open connection')} would drain.`),
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
  return h(
    'div',
    { class: 'signature', key: 'signature' },
    field('author', 'Who', 'your name'),
    field('message', 'Why', 'for the history'),
  );
}
