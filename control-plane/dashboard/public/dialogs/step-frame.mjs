// What the steps of a change have in common.

import { button } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';

export function frame({ what }, content, ...buttons) {
  return h(
    'form',
    { class: 'step', method: 'dialog', key: 'step', on: { submit: (event) => event.preventDefault() } },
    h('h2', { key: 'title' }, what.title),
    content,
    h('div', { class: 'buttons', key: 'buttons' }, buttons),
  );
}

/**
 * Leads from the preview back to the fields, if there are any, and otherwise out of the dialog. While it is unknown whether the
 * change was made, the same one can be tried again, but neither cancelled nor edited.
 */
export function backButton({ what, step, unsure, busy }, acts) {
  const disabled = busy && step === 'preview';
  if (unsure) return button('Close', acts.close, { disabled, key: 'close' });
  const isBack = step === 'preview' && what.fields.length > 0;
  return isBack
    ? button('Back', acts.back, { disabled, key: 'back' })
    : button('Cancel', acts.close, { disabled, key: 'cancel' });
}

export function refused({ refusal, what }) {
  if (refusal === null) return null;
  const isShown = ({ field }) => what.fields.some(({ about }) => about.test(field));
  const elsewhere = refusal.violations.filter((violation) => !isShown(violation));
  return h(
    'div',
    { class: 'refusal', role: 'alert', key: 'refusal' },
    h('strong', {}, refusal.message),
    elsewhere.length > 0 && violationList(elsewhere),
  );
}

export function violationList(violations) {
  const words = ({ field, description }) => [field, description].filter((part) => part !== '').join(' ');
  const items = violations.map((violation, index) => h('li', { key: index }, words(violation)));
  return h('ul', {}, items);
}

/** Ignores the second click of a double click: when the first one was made, another button was there. */
export function submit(label, act, disabled, kind = 'primary') {
  const click = (event) => {
    if (event.detail < 2) void act();
  };
  return h(
    'button',
    { type: 'submit', class: kind, disabled, 'data-next': true, key: 'submit', on: { click } },
    label,
  );
}
