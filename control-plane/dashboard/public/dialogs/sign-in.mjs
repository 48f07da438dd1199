// Asks for the token, if the control plane requires one.

import { ask, token } from '../lib/api.mjs';
import { field } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';

const state = { text: '', wrong: [] };

/** `onToken` is called when the control plane has accepted a token. */
export function signIn(redraw, onToken) {
  const submit = async (event) => {
    event.preventDefault();
    token.set(state.text.trim());
    try {
      await ask('/api/converged?revision=0');
      state.wrong = [];
      state.text = '';
      onToken();
    } catch (refusal) {
      token.set('');
      const refused = 'This control plane does not accept that token.';
      state.wrong = [refusal.status === 401 ? refused : refusal.message];
    }
    redraw();
  };
  return h(
    'form',
    { class: 'alone sign-in', key: 'sign-in', on: { submit } },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'quiet' }, 'This control plane requires a token.'),
    field(state, 'text', {
      id: 'token',
      label: 'Token',
      type: 'password',
      autocomplete: 'current-password',
      wrong: state.wrong,
      hint: 'One of the lines of the file given with --token-file. It is kept until you close this tab.',
    }),
    h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'primary' }, 'Sign in')),
  );
}
