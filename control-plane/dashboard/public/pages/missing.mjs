// Shown when the address names no page.

import { h } from '../lib/dom.mjs';
import { link } from '../lib/components.mjs';

export const missing = {
  name: 'No such page',
  draw: () => [
    h('h1', { key: 'h1' }, 'No such page'),
    h('p', { key: 'words' }, `There is no page at ${location.hash}. `, link('', 'Go to the overview'), '.'),
  ],
};
