// The page of one pool, listener or proxy.

import { link, problemPanel } from './components.mjs';
import { h } from './dom.mjs';
import { problemsOf } from './model.mjs';

/** `kind`: pools, listeners or proxies; `draw(model, subject)`: the head of the page, and what comes below its problems. */
export const subjectPage = (name, kind, draw) => ({
  name,
  draw: (model, [id]) => {
    const { view, stats } = model;
    // The view may still come from the stream of the previous page.
    const isKnown = view.asked === `${kind}/${id}`;
    if (!isKnown || view.subject === null) {
      const words = [`There is no such ${name.toLowerCase()}. `, link(kind, `All ${kind}`)];
      return [
        h('h1', { key: 'h1' }, `${name} ${id}`),
        h('p', { class: 'empty', key: 'missing' }, isKnown ? words : 'Reading …'),
      ];
    }
    const [head, ...rest] = draw(model, view.subject);
    return [head, problemPanel(problemsOf(view.pageProblems, stats?.pageProblems)), rest];
  },
});
