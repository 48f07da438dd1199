// The second step of a change: what it would do, as the answer to a dry run says. Nothing is decided here.

import { changeList } from '../lib/change-list.mjs';
import { field, note } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { counted, percent, whole } from '../lib/format.mjs';
import { backButton, frame, refused, submit, violationList } from './step-frame.mjs';

export function previewStep(run, acts) {
  const { preview, outdated } = run;
  const guarded = preview.guardRefusals.length > 0;
  const nothing = preview.unchanged || preview.changes.length === 0;
  return frame(
    run,
    [
      h(
        'p',
        { class: run.unsure ? 'refusal' : 'quiet', role: run.unsure && 'alert', key: 'lead' },
        leadOf(run, nothing),
      ),
      refused(run),
      !outdated && guarded && guardWords(preview.guardRefusals),
      !outdated && [changeList(preview.changes), effects(preview), preview.notes.map(note)],
      (outdated || !nothing) && signature(run),
    ],
    backButton(run, acts),
    outdated
      ? submit(run.busy ? 'Loading …' : 'Preview again', acts.preview, run.busy)
      : !nothing && applyButton(run, acts, guarded),
  );
}

/** Says that nothing was changed only where that is certain. */
function leadOf({ outdated, unsure, what }, nothing) {
  const changed = `Somebody changed ${what.subject ?? 'this pool'} while the dialog was open.`;
  if (unsure) {
    if (outdated)
      return `${changed} Whether the first attempt was made is unknown: look at the history first.`;
    return 'Unknown: the control plane gave no answer, so the change may have been made or not. Press “Try again” when it is back: that never makes it twice, and says if it was made. If you close this, look at the history.';
  }
  if (outdated) return `${changed} Nothing was changed.`;
  return nothing
    ? 'Nothing would change: the configuration is already like this.'
    : 'This is what would change. Nothing has been changed yet.';
}

function applyButton({ what, busy, unsure }, acts, guarded) {
  const first = guarded ? 'Override the guard and apply' : 'Apply';
  const label = unsure ? 'Try again' : first;
  const kind = guarded || what.danger ? 'danger' : 'primary';
  return submit(busy ? 'Applying …' : label, () => acts.apply(guarded), busy, kind);
}

function guardWords(refusals) {
  return h(
    'div',
    { class: 'refusal', key: 'guard', role: 'alert' },
    h('strong', {}, 'The guard refuses this change.'),
    violationList(refusals),
    h('p', {}, 'You can override the guard if you are sure.'),
  );
}

const effects = ({ poolEffects, listenerEffects }) => [
  poolEffects.map(poolEffect),
  listenerEffects.map(({ listener, connections }) =>
    note(
      `Listener ${listener} would stop accepting connections; ${counted(Number(connections), 'open connection')} would be allowed to finish.`,
      `listener-${listener}`,
    ),
  ),
];

function poolEffect({ pool, backends, connectionsDraining, explanation }) {
  const row = ({ address, shareBefore, shareAfter, connections }) => [
    h('th', { scope: 'row' }, h('code', {}, address)),
    h('td', { class: 'number' }, percent(shareBefore)),
    h('td', { class: 'number' }, h('strong', {}, percent(shareAfter))),
    h('td', { class: 'number' }, whole(Number(connections))),
  ];
  const heads = ['Backend', 'Share now', 'Share after', 'Connections'].map((text, index) =>
    h('th', { scope: 'col', key: text, class: index > 0 ? 'number' : '' }, text),
  );
  const body = backends.map((backend) => h('tr', { key: backend.address }, row(backend)));
  return h(
    'div',
    { class: 'effect', key: `pool-${pool}` },
    h('h3', {}, `Share of the new connections of pool ${pool}`),
    h(
      'div',
      { class: 'scroll' },
      h('table', { class: 'plain-table' }, h('thead', {}, h('tr', {}, heads)), h('tbody', {}, body)),
    ),
    note(explanation),
    Number(connectionsDraining) > 0 &&
      note(`${counted(Number(connectionsDraining), 'open connection')} would be drained.`),
  );
}

function signature(run) {
  const input = (name, label, placeholder, autocomplete) =>
    field(run, name, { id: `sign-${name}`, label, placeholder, autocomplete });
  return h(
    'div',
    { class: 'signature', key: 'signature' },
    input('author', 'Author', 'your name', 'name'),
    input('message', 'Message', 'reason for the change, for the history', 'off'),
  );
}
