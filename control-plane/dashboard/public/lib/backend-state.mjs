// The state of a backend, as a mark and in words.

import { since } from './components.mjs';
import { h } from './dom.mjs';

const KINDS = {
  up: 'good',
  'partly up': 'warn',
  down: 'bad',
  'not checked yet': 'plain',
  unseen: 'plain',
  draining: 'warn',
  disabled: 'plain',
};

/** `expected`: of the pool; while it is as expected, one that is down is no trouble. */
export const kindOf = (availability, expected) =>
  expected?.problem === null && availability !== 'up' ? 'plain' : (KINDS[availability] ?? 'plain');

export const wordOf = (availability) =>
  availability === 'unseen' ? 'not reported by any proxy' : availability;

/** The reasons for a backend's state, one per line. A reason that all proxies report is shown once. */
export function reasonsOf({ state, stateSinceMs, complaints, moreComplaints, health }) {
  if (state === 'disabled') return ['gets no connections and no health checks', since(stateSinceMs)];
  const drain = state === 'draining' ? [since(stateSinceMs)] : [];
  const proxies = Object.values(health).reduce((sum, count) => sum + count, 0);
  const groups = new Map();
  for (const { proxy, health: seen, reason, sinceMs } of complaints) {
    const words = [seen, reason].filter((part) => part !== '').join(': ');
    const group = groups.get(words) ?? { proxies: [], sinceMs: null };
    group.proxies.push(proxy);
    if (sinceMs !== null) group.sinceMs = Math.min(sinceMs, group.sinceMs ?? sinceMs);
    groups.set(words, group);
  }
  const lines = [...groups].map(([words, group]) => {
    const everywhere = group.proxies.length === proxies && proxies > 1;
    const where = everywhere ? `on all ${proxies} proxies` : `on ${group.proxies.join(', ')}`;
    return [`${words} ${where}`, since(group.sinceMs)];
  });
  const all = [...drain, ...lines.flat()].filter((line) => line !== '');
  return moreComplaints > 0 ? [...all, `and ${moreComplaints} more`] : all;
}

/** How many backends of a pool are in each state: 3 up, 1 down. */
export const tallies = (counts, expected) =>
  Object.keys(KINDS)
    .filter((availability) => counts[availability] > 0)
    .map((availability) => {
      const kind = kindOf(availability, expected);
      const words = availability === 'unseen' ? 'not reported' : availability;
      return h('span', { class: `tally ${kind}`, key: availability }, `${counts[availability]} ${words}`);
    });
