// Shown when the address names no page.

import { h } from '../lib/dom.mjs';
import { link, panel } from '../lib/components.mjs';

export const missing = {
  name: 'No such page',
  draw: () => [
    h('h1', { key: 'h1' }, 'No such page'),
    panel(
      'Where to go from here',
      h(
        'p',
        { class: 'lead', key: 'words' },
        'There is no page at ',
        h('code', {}, location.hash),
        '. The menu above leads to all pages, and this link to the ',
        link('', 'overview'),
        '.',
      ),
    ),
  ],
};
