/** Properties of the model that hold for any input. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalAddress, parseAddress } from '../../../../core/model/address.ts';
import type { Change, Commit } from '../../../../core/model/commit.ts';
import { describeChanges } from '../../../../core/model/difference.ts';
import type { BackendDraft, ResourceDraft } from '../../../../core/model/draft.ts';
import { formatDuration, parseDuration } from '../../../../core/model/duration.ts';
import type { Edit } from '../../../../core/model/edits/edit.ts';
import { applyResources } from '../../../../core/model/edits/apply.ts';
import { addBackends, removeBackends, updateBackend } from '../../../../core/model/edits/backend.ts';
import { createListener, deleteListener, updateListener } from '../../../../core/model/edits/listener.ts';
import { deletePolicy, updatePolicy } from '../../../../core/model/edits/policy.ts';
import { createPool, deletePool, updatePool } from '../../../../core/model/edits/pool.ts';
import { rollbackTo } from '../../../../core/model/edits/rollback.ts';
import { applyChanges, applyCommit, applyCommits, emptyState } from '../../../../core/model/fold.ts';
import { canonicalJson, contentHash } from '../../../../core/model/hash.ts';
import { formatIp, parseIp } from '../../../../core/model/ip.ts';
import { keyOf, type Resource, STRATEGIES } from '../../../../core/model/resources.ts';
import { hashIpBytes, sourceHash } from '../../../../core/model/source-hash.ts';
import type { State } from '../../../../core/model/state.ts';
import { validateChanges } from '../../../../core/model/validate.ts';
import { resource } from '../../../../harness/arbitraries.ts';
import { commitOn, validateState } from '../../../../harness/state.ts';

// Few names and addresses, so that they meet.
const name = fc.constantFrom('a', 'b', 'default', 'Bad');
const address = fc.constantFrom(
  '10.0.0.1:80',
  '127.0.0.1:80',
  '0.0.0.0:80',
  '[::]:80',
  '[::ffff:10.0.0.1]:80',
  '10.0.0.2:81',
  'no',
);
const backendDraft: fc.Arbitrary<BackendDraft> = fc.record(
  { address, weight: fc.integer({ min: -1, max: 1_001 }), state: fc.constantFrom('active', 'draining') },
  { requiredKeys: ['address'] },
);
const backends = fc.array(backendDraft, { maxLength: 3 });
const draft: fc.Arbitrary<ResourceDraft> = fc.oneof(
  fc.record({
    kind: fc.constant('policy' as const),
    value: fc.record({ name, strategy: fc.constantFrom(...STRATEGIES) }),
  }),
  fc.record({ kind: fc.constant('pool' as const), value: fc.record({ name, policy: name, backends }) }),
  fc.record({ kind: fc.constant('listener' as const), value: fc.record({ name, address, pool: name }) }),
);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc
    .tuple(fc.array(draft, { maxLength: 4 }), fc.boolean())
    .map(([drafts, prune]) => applyResources(drafts, { prune })),
  fc.tuple(name, backends).map(([pool, drafts]) => addBackends(pool, drafts)),
  fc
    .tuple(name, fc.array(address, { maxLength: 2 }))
    .map(([pool, addresses]) => removeBackends(pool, addresses)),
  fc.tuple(name, backendDraft).map(([pool, value]) => updateBackend(pool, value)),
  fc.tuple(name, backends).map(([pool, drafts]) => createPool({ name: pool, backends: drafts })),
  fc.tuple(name, name).map(([pool, policy]) => updatePool({ name: pool, policy, backends: [] }, ['policy'])),
  fc.record({ name, address, pool: name }).map((value) => createListener(value)),
  fc.record({ name, address, pool: name }).map((value) => updateListener(value)),
  name.map((value) => deletePool(value)),
  name.map((value) => deletePolicy(value)),
  name.map((value) => deleteListener(value)),
  name.map((value) => updatePolicy({ name: value, strategy: 'random' }, ['strategy'])),
);

/** Carries out what is not refused. */
function run(edits: readonly Edit[]): { states: State[]; commits: Commit[] } {
  const states = [emptyState('s')];
  const commits: Commit[] = [];
  for (const one of edits) {
    const state = states.at(-1) as State;
    const result = one(state);
    if (!result.ok || result.changes.length === 0) continue;
    const commit = commitOn(state, result.changes);
    commits.push(commit);
    states.push(applyCommit(state, commit));
  }
  return { states, commits };
}

const byAddress = (a: { address: string }, b: { address: string }) => (a.address < b.address ? -1 : 1);

/** All pools with their backends; the states are those that `kept` has for the same backends. */
const poolsOf = ({ pools }: State, kept?: State) =>
  Array.from(pools, ([pool, { value, backends: all }]) => {
    const old = kept?.pools.get(pool)?.backends;
    const own = Array.from(all.values(), (backend) => ({
      ...backend.value,
      state: old?.get(backend.value.address)?.value.state ?? backend.value.state,
    }));
    return { value, backends: own.sort(byAddress) };
  }).sort((a, b) => (a.value.name < b.value.name ? -1 : 1));

describe('the model', () => {
  it('every committed revision is valid by itself, after any edits', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), (edits) => {
        for (const state of run(edits).states) assert.deepEqual(validateState(state), []);
      }),
      { numRuns: 500 },
    );
  });

  it('an edit that was carried out has nothing left to change', () => {
    fc.assert(
      fc.property(
        fc.array(edit, { maxLength: 6 }),
        fc.array(draft, { maxLength: 4 }),
        fc.boolean(),
        (edits, drafts, prune) => {
          const state = run(edits).states.at(-1) as State;
          const apply = applyResources(drafts, { prune });
          const result = apply(state);
          if (!result.ok) return;
          const again = apply(applyChanges(state, result.changes, state.head.revision + 1));
          assert.deepEqual(again, { ok: true, changes: [] });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('a rollback brings back everything of a revision but the states of backends that are there', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 14 }), fc.nat(14), (edits, at) => {
        const { states } = run(edits);
        const now = states.at(-1) as State;
        const then = states[Math.min(at, states.length - 1)] as State;
        const result = rollbackTo(then)(now);
        assert.ok(result.ok, JSON.stringify(result));
        const back = applyCommit(now, commitOn(now, result.changes));
        assert.deepEqual(validateState(back), []);
        assert.deepEqual(poolsOf(back), poolsOf(then, now));
        const values = (map: ReadonlyMap<string, { value: unknown }>) =>
          new Map([...map].map(([key, { value }]) => [key, value]));
        assert.deepEqual(values(back.policies), values(then.policies));
        assert.deepEqual(values(back.listeners), values(then.listeners));
        assert.deepEqual(rollbackTo(then)(back), {
          ok: true,
          changes: [],
          notes: result.notes?.filter((note) => note.startsWith('a rollback')),
        });
      }),
      { numRuns: 500 },
    );
  });

  it('validates changes as it would the whole state that they make', () => {
    const put = (resource: Resource): Change => ({ op: 'put', resource });
    const anyChange: fc.Arbitrary<Change> = fc.oneof(
      fc.tuple(name, name).map(([pool, policy]) => put({ kind: 'pool', value: { name: pool, policy } })),
      fc
        .tuple(name, address)
        .map(([pool, at]) =>
          put({ kind: 'backend', value: { pool, address: at, weight: 1, state: 'active' } }),
        ),
      fc.record({ name, address, pool: name }).map((value) => put({ kind: 'listener', value })),
      fc
        .tuple(fc.constantFrom('policy' as const, 'pool' as const, 'listener' as const), name)
        .map(([kind, one]) => ({ op: 'delete' as const, kind, name: one })),
    );
    const anyChanges = fc.array(anyChange, { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), anyChanges, (edits, unordered) => {
        // As every edit has them: a pool before its backends.
        const isPool = (change: Change) => change.op === 'put' && change.resource.kind === 'pool';
        const ordered = [...unordered.filter(isPool), ...unordered.filter((change) => !isPool(change))];
        const keyOfPut = (change: Change) => (change.op === 'put' ? keyOf(change.resource) : change);
        const changes = [...new Map(ordered.map((change) => [keyOfPut(change), change])).values()];
        const next = applyChanges(run(edits).states.at(-1) as State, changes, 99);
        // A backend put into a pool that isn't there is not in the state, and a violation all the same.
        const orphans = changes.some(
          (change) =>
            change.op === 'put' &&
            change.resource.kind === 'backend' &&
            !next.pools.has(change.resource.value.pool),
        );
        const deleted = changes.some((change) => change.op === 'delete');
        const found = validateChanges(next, changes).length > 0;
        if (orphans) return assert.ok(found);
        // A put may be deleted again by a later change: then it is looked at for nothing, which no edit does.
        if (!deleted) assert.equal(found, validateState(next).length > 0);
        else if (!found) assert.deepEqual(validateState(next), []);
      }),
      { numRuns: 1_000 },
    );
  });

  it('folds a log in any pieces to the same state', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 12 }), fc.nat(12), (edits, cut) => {
        const { states, commits } = run(edits);
        const first = applyCommits(emptyState('s'), commits.slice(0, cut));
        assert.deepEqual(applyCommits(first, commits.slice(cut)), states.at(-1));
        assert.deepEqual(
          [...applyCommits(first, commits.slice(cut)).pools.keys()],
          [...(states.at(-1) as State).pools.keys()],
        );
        assert.deepEqual(validateState(first), []);
      }),
    );
  });

  it('folds anything without throwing', () => {
    const any = fc.record({
      op: fc.constantFrom('put', 'delete', 'else'),
      kind: fc.constantFrom('policy', 'pool', 'backend', 'listener', 'else'),
      name: fc.string(),
      resource,
    }) as unknown as fc.Arbitrary<Change>;
    fc.assert(
      fc.property(fc.array(any), (changes) => {
        const next = applyCommit(emptyState('s'), commitOn(emptyState('s'), changes));
        assert.equal(next.head.revision, 1);
        assert.ok(next.policies.has('default'));
      }),
    );
  });

  it('describes exactly what leads from one state to another', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 8 }), fc.array(edit, { maxLength: 4 }), (first, second) => {
        const before = run(first).states.at(-1) as State;
        const afterwards = run([...first, ...second]).states.at(-1) as State;
        const changes = describeChanges(before, afterwards).map(
          ({ action, kind, name, after: now }): Change =>
            action === 'deleted' || now === undefined
              ? { op: 'delete', kind, name }
              : { op: 'put', resource: now.resource },
        );
        const rebuilt = applyChanges(before, changes, 0);
        assert.deepEqual(describeChanges(rebuilt, afterwards), []);
      }),
    );
  });

  it('durations survive being written and read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (ms) => {
        assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, ms });
      }),
    );
  });

  it('addresses survive being written and read, and any text is read or refused', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 65_535 }), (ip, port) => {
        const text = formatIp(ip);
        const read = parseIp(text);
        assert.ok(read);
        assert.equal(formatIp(read), text.startsWith('::ffff:') && read.length === 4 ? formatIp(read) : text);
        const full = ip.length === 4 ? `${text}:${port}` : `[${text}]:${port}`;
        const canonical = canonicalAddress(full);
        assert.equal(canonicalAddress(canonical), canonical);
        assert.equal(sourceHash(text), hashIpBytes(ip, 0, ip.length));
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => typeof parseAddress(text).ok === 'boolean'));
  });

  it('canonical JSON is JSON of the same value, and blind to the order of fields', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        assert.equal(text, canonicalJson(JSON.parse(text)));
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
        assert.equal(contentHash(Object.fromEntries(Object.entries(value).reverse())), contentHash(value));
      }),
    );
  });
});
