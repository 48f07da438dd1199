// Asks for the token, where the control plane wants one.

import { ask, token } from '../lib/api.mjs';
import { h } from '../lib/dom.mjs';

const state = { text: '', wrong: '' };

/** `onToken`: there is one now that is accepted. */
export function signIn(redraw, onToken) {
  const submit = async (event) => {
    event.preventDefault();
    token.set(state.text.trim());
    try {
      await ask('/api/converged?revision=0');
      state.wrong = '';
      state.text = '';
      onToken();
    } catch (refusal) {
      token.set('');
      state.wrong =
        refusal.status === 401 ? 'This control plane does not accept that token.' : refusal.message;
    }
    redraw();
  };
  return h(
    'form',
    { class: 'alone sign-in', key: 'sign-in', on: { submit } },
    h('h1', {}, 'Sign in'),
    h('p', { class: 'quiet' }, 'This control plane shows and changes nothing without a token.'),
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'token' }, 'Token'),
      h('input', {
        id: 'token',
        type: 'password',
        autocomplete: 'current-password',
        value: state.text,
        'aria-invalid': state.wrong === '' ? undefined : 'true',
        on: {
          input: ({ target }) => {
            state.text = target.value;
          },
        },
      }),
      state.wrong !== '' && h('span', { class: 'wrong', role: 'alert' }, state.wrong),
      h(
        'span',
        { class: 'why' },
        'A line of the file given with --token-file. It is kept until this tab is closed.',
      ),
    ),
    h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'primary' }, 'Sign in')),
  );
}
