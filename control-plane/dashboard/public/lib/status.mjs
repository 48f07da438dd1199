// The state of everything in a few words, for the header and the title of the tab: the worst that is known. Pure.

import { counted } from './format.mjs';

/** `connection`: of the live stream; `counts`: of problems by severity, or null before they are known. */
export function statusOf({ live, heardMs, status }, counts) {
  if (status === 401) return { kind: 'warn', words: 'signed out' };
  if (!live && heardMs !== null) return { kind: 'bad', words: 'not connected' };
  if (counts === null) return { kind: 'warn', words: 'connecting …' };
  const { critical, warning, notice } = counts;
  if (critical > 0) return { kind: 'bad', words: `${critical} critical` };
  if (warning > 0) return { kind: 'warn', words: counted(warning, 'warning') };
  return notice > 0
    ? { kind: 'plain', words: counted(notice, 'notice') }
    : { kind: 'good', words: 'all well' };
}

/** The page's name comes after the state, because a tab shows the first letters only. */
export function titleOf({ kind, words }, page) {
  return [...(kind === 'good' ? [] : [words]), page, 'Equipoise'].join(' · ');
}
