// What happened: health of backends, proxies that came and went, and revisions.

import { link, linkTo, mark, panel, why } from '../lib/components.mjs';
import { h } from '../lib/dom.mjs';
import { age, moment } from '../lib/format.mjs';
import { column, table } from '../lib/table.mjs';

const COLUMNS = [
  column('Time', ({ timeMs }) => [moment(timeMs), why(`${age(Date.now() - timeMs)} ago`)], 'brief', {
    value: ({ timeMs }) => timeMs,
  }),
  column('Event', ({ kind, tone }) => mark(tone, kind), '', { filter: ({ kind }) => kind }),
  column('What happened', ({ text, message }) => [text, why(message)]),
  column('About', about, 'brief'),
];

/** A link to what an event is about. */
function about({ pool, listener, proxy, revision }) {
  if (revision !== '') return link(`history/${revision}`, `revision ${revision}`);
  if (pool !== '') return linkTo('pools', pool);
  return listener === '' ? linkTo('proxies', proxy) : linkTo('listeners', listener);
}

export const events = {
  name: 'Events',
  draw: ({ events: rows, keptSinceMs, view }) => {
    const since = keptSinceMs === null ? '' : `, complete since ${moment(keptSinceMs)}`;
    const nothing =
      view.asked === 'events' ? 'Nothing has happened since this control plane started.' : 'Reading …';
    return [
      h('h1', { key: 'h1' }, 'Events'),
      h('p', { class: 'lead', key: 'lead' }, `From the memory of this control plane${since}.`),
      panel(
        'What happened',
        table('Events', COLUMNS, rows, ({ id }) => id, { nothing }),
      ),
    ];
  },
};
