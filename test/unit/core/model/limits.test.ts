/** How much a configuration can hold, and that this is what a proxy can run and what the documentation says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyResources } from '../../../../core/model/edits/apply.ts';
import { addBackends, removeBackends, updateBackend } from '../../../../core/model/edits/backend.ts';
import { updatePool } from '../../../../core/model/edits/pool.ts';
import type { ResourceDraft } from '../../../../core/model/draft.ts';
import { applyChanges, emptyState } from '../../../../core/model/fold.ts';
import { LIMITS, MAX_LENGTH } from '../../../../core/model/limits.ts';
import type { Change } from '../../../../core/model/commit.ts';
import { MAX_BACKENDS, MAX_LISTENERS, MAX_POOLS } from '../../../../data-plane/memory/shared-memory.ts';
import { readText } from '../../../../harness/source-tree.ts';
import { changesOf, refusalOf, stateOf } from '../../../../harness/state.ts';

const address = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:80`;
const backends = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ address: address(index) }));
const named = (count: number, draft: (name: string, index: number) => ResourceDraft) =>
  Array.from({ length: count }, (_, index) => draft(`n${index}`, index));
const POOL: ResourceDraft = { kind: 'pool', value: { name: 'web', backends: [] } };

const TOO_MANY: readonly (readonly [
  what: keyof typeof LIMITS,
  drafts: (count: number) => ResourceDraft[],
])[] = [
  ['policies', (count) => named(count - 1, (name) => ({ kind: 'policy', value: { name } }))],
  ['pools', (count) => named(count, (name) => ({ kind: 'pool', value: { name, backends: [] } }))],
  ['backends', (count) => [{ kind: 'pool', value: { name: 'web', backends: backends(count) } }]],
  [
    'listeners',
    (count) => [
      POOL,
      ...named(count, (name, index) => ({
        kind: 'listener',
        value: { name, address: `10.0.0.1:${index + 1}`, pool: 'web' },
      })),
    ],
  ],
];

const sized = (count: number) => {
  const changes = backends(count).map(({ address: at }): Change => {
    return {
      op: 'put',
      resource: { kind: 'backend', value: { pool: 'web', address: at, weight: 1, state: 'active' } },
    };
  });
  return applyChanges(stateOf([POOL]), changes, 2);
};

describe('the limits of a configuration', () => {
  for (const [what, drafts] of TOO_MANY) {
    it(`allow ${LIMITS[what]} ${what}, and one more is refused with the limit and what to do`, () => {
      const most = applyResources(drafts(LIMITS[what]), { prune: false });
      assert.ok(changesOf(emptyState('s'), most).length > 0);
      const more = applyResources(drafts(LIMITS[what] + 1), { prune: false });
      const { code, violations } = refusalOf(emptyState('s'), more);
      assert.deepEqual([code, violations.map(({ field }) => field)], ['INVALID_ARGUMENT', [what]]);
      assert.match(
        violations[0]?.description ?? '',
        new RegExp(`would be ${LIMITS[what] + 1}, .* can have ${LIMITS[what]}; remove 1 in the same request`),
      );
    });
  }

  it('let a configuration from before them shrink and change, but not grow', () => {
    const large = sized(LIMITS.backends + 5);
    assert.equal(changesOf(large, removeBackends('web', [address(0)])).length, 1);
    const { violations } = refusalOf(large, addBackends('web', [{ address: '10.9.9.9:80' }]));
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['backends'],
    );
  });

  it('keep the texts of all health checks together below what one commit and one answer can hold', () => {
    const bodies = (count: number) =>
      applyResources(
        named(count, (name) => ({
          kind: 'policy',
          value: { name, healthCheck: { type: 'http', http: { body: 'x'.repeat(1_000) } } },
        })),
        { prune: false },
      );
    const state = stateOf([]);
    const most = applyChanges(state, changesOf(state, bodies(950)), 1);
    const { violations } = refusalOf(most, bodies(1_000));
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['policies'],
    );
    assert.match(
      violations[0]?.description ?? '',
      /would have \d+ bytes together, and a configuration can have 1048576; shorten/,
    );
    // Of what is far too large, the expressions are not even compiled.
    const steps = Array.from({ length: 16 }, () => ({ expect: `/(/${'x'.repeat(1_000)}/` }));
    const scripts = named(200, (name) => ({
      kind: 'policy',
      value: { name, healthCheck: { type: 'script', script: steps } },
    }));
    assert.equal(refusalOf(state, applyResources(scripts, { prune: false })).violations.length, 1);
  });

  const LISTENER = { address: '10.0.0.1:80', pool: 'web' };
  const networks = (count: number) => Array.from({ length: count }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
  const sums: readonly (readonly [
    field: string,
    drafts: (count: number) => ResourceDraft[],
    most: number,
    words: RegExp,
  ])[] = [
    [
      'listeners',
      (count) =>
        named(count, (name, n) => ({
          kind: 'listener',
          value: { ...LISTENER, name, address: `10.0.0.${n}:1-512` },
        })),
      4,
      /would have 2560 ports together, and a configuration can have 2048; make the ranges smaller/,
    ],
    [
      'listeners',
      (count) =>
        named(count, (name, n) => ({
          kind: 'listener',
          value: { ...LISTENER, name, address: `10.0.0.${n}:1`, deny: networks(10_000) },
        })),
      12,
      /would have \d+ bytes together, and a configuration can have 2097152; shorten the lists/,
    ],
    [
      'pools',
      (count) =>
        named(count, (name) => ({
          kind: 'pool',
          value: { name, backends: [], dns: Array.from({ length: 100 }, (_, n) => ({ name: `n${n}:1` })) },
        })),
      20,
      /would have 2100 names together, and a configuration can have 2000; remove some/,
    ],
  ];
  for (const [field, drafts, most, words] of sums) {
    it(`hold for all ${field} together: ${words.source.slice(0, 40)}`, () => {
      const state = stateOf([POOL]);
      assert.ok(changesOf(state, applyResources(drafts(most), { prune: false })).length > 0);
      const { violations } = refusalOf(state, applyResources(drafts(most + 1), { prune: false }));
      assert.deepEqual(
        violations.map((one) => one.field),
        [field],
      );
      assert.match(violations[0]?.description ?? '', words);
    });
  }

  it('do not count a backend that an update names and that does not exist', () => {
    const full = sized(LIMITS.backends);
    const update = updateBackend('web', { address: '10.9.9.9:80', weight: 3 });
    assert.deepEqual(
      refusalOf(full, update).violations.map(({ field }) => field),
      ['pools[web].backends[10.9.9.9:80]'],
    );
    const elsewhere = updateBackend('wbe', { address: '10.9.9.9:80', weight: 3 });
    assert.equal(refusalOf(full, elsewhere).code, 'NOT_FOUND');
  });

  it('do not hide what else is wrong with a change of a configuration that has far more', () => {
    const { violations } = refusalOf(
      sized(2 * LIMITS.backends + 1),
      updateBackend('web', { address: address(0), weight: -5 }),
    );
    assert.deepEqual(
      violations.map(({ field }) => field),
      [`pools[web].backends[${address(0)}].weight`],
    );
  });

  it('keep a configuration that has more from being replaced as a whole, which no proxy has room for', () => {
    const had = LIMITS.backends + 1_000;
    const replaced = (kept: number, others: number) => {
      const added = Array.from({ length: others }, (_, index) => ({
        address: address(index + 2 * LIMITS.backends),
      }));
      return updatePool({ name: 'web', backends: [...backends(kept), ...added] }, ['backends']);
    };
    assert.ok(changesOf(sized(had), replaced(1_001, LIMITS.backends - 1_000)).length > 0);
    const { violations } = refusalOf(sized(had), replaced(0, LIMITS.backends));
    assert.match(violations[0]?.description ?? '', /cannot replace 16000 of them at once; remove some first/);
  });

  it('are told alone of what is far too large, and the rest is found in a moment', () => {
    const listeners = named(30_000, (name) => ({
      kind: 'listener',
      value: { name, address: '0.0.0.0:80', pool: 'none' },
    }));
    const { violations } = refusalOf(emptyState('s'), applyResources(listeners, { prune: false }));
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['listeners'],
    );
    const fewer = refusalOf(emptyState('s'), applyResources(listeners.slice(0, 1_000), { prune: false }));
    assert.ok(fewer.violations.length <= 5_000, `${fewer.violations.length}`);
  });

  it('keep the checks of what is twice too large short: many listeners at one address, and many backends', () => {
    const count = 2 * LIMITS.listeners;
    const listeners = named(count, (name) => ({
      kind: 'listener',
      value: { name, address: '0.0.0.0:80', pool: 'web' },
    }));
    const pool: ResourceDraft = { kind: 'pool', value: { name: 'web', backends: backends(20_000) } };
    const startedMs = performance.now();
    const { violations } = refusalOf(emptyState('s'), applyResources([pool, ...listeners], { prune: false }));
    assert.ok(violations.length > count);
    // A quarter of a second; when each listener was compared with each backend, it was a minute.
    assert.ok(performance.now() - startedMs < 30_000);
  });

  it('leave a proxy room to replace all of it at once, registrations included', () => {
    assert.ok(2 * (LIMITS.backends + LIMITS.registrations) <= MAX_BACKENDS);
    assert.ok(2 * LIMITS.pools <= MAX_POOLS);
    assert.ok(2 * LIMITS.listeners <= MAX_LISTENERS);
  });

  it('are those that the documentation lists', () => {
    const page = readText('docs/configuration.md');
    const section = page.slice(page.indexOf('\n## Limits\n'));
    for (const limit of [...Object.values(LIMITS), ...Object.values(MAX_LENGTH)]) {
      assert.ok(section.includes(`| ${limit.toLocaleString('en-US')} |`), `no row has ${limit}`);
    }
  });
});
