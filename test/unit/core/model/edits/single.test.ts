/** Create, update and delete of one resource at a time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HealthCheckDraft, PolicyDraft } from '../../../../../core/model/draft.ts';
import type { Edit } from '../../../../../core/model/edits/edit.ts';
import type { Policy } from '../../../../../core/model/resources.ts';
import { addBackends, removeBackends, updateBackend } from '../../../../../core/model/edits/backend.ts';
import { createListener, deleteListener, updateListener } from '../../../../../core/model/edits/listener.ts';
import { createPolicy, deletePolicy, updatePolicy } from '../../../../../core/model/edits/policy.ts';
import { createPool, deletePool, updatePool } from '../../../../../core/model/edits/pool.ts';
import { after, changesOf, refusalOf, stateOf } from '../../../../../harness/state.ts';

const STATE = stateOf([
  { kind: 'policy', value: { name: 'steady', strategy: 'random', connect: { retries: 5 } } },
  {
    kind: 'pool',
    value: {
      name: 'web',
      policy: 'steady',
      backends: [{ address: '10.0.0.1:80', weight: 3 }, { address: '10.0.0.2:80' }],
    },
  },
  { kind: 'listener', value: { name: 'front', address: '0.0.0.0:80', pool: 'web' } },
]);

describe('edits of one resource', () => {
  const notFound: [what: string, edit: Edit, message: RegExp][] = [
    ['policy', updatePolicy({ name: 'stedy' }), /no policy "stedy" \(did you mean "steady"\?\)/],
    ['policy', deletePolicy('stedy'), /no policy "stedy"/],
    ['pool', updatePool({ name: 'wbe', backends: [] }), /no pool "wbe" \(did you mean "web"\?\)/],
    ['pool', deletePool('nope'), /no pool "nope"/],
    ['listener', updateListener({ name: 'x', address: '', pool: '' }), /no listener "x"/],
    ['listener', deleteListener('fornt'), /no listener "fornt" \(did you mean "front"\?\)/],
    ['pool of backends', addBackends('wbe', []), /no pool "wbe"/],
    ['pool of backends', removeBackends('wbe', []), /no pool "wbe"/],
    ['pool of a backend', updateBackend('wbe', { address: '10.0.0.1:80' }), /no pool "wbe"/],
    ['backend', updateBackend('web', { address: '10.0.0.9:80' }), /10\.0\.0\.9:80 is not in the pool/],
    ['backends', removeBackends('web', ['10.0.0.1:80', '10.0.0.8:80']), /10\.0\.0\.8:80 is not in the pool/],
  ];
  for (const [what, edit, message] of notFound) {
    it(`refuses with NOT_FOUND when there is no such ${what}`, () => {
      const refusal = refusalOf(STATE, edit);
      assert.equal(refusal.code, 'NOT_FOUND');
      assert.match(refusal.message, message);
      assert.doesNotMatch(refusal.message, /create/, 'who deletes or removes wants no new one');
    });
  }

  const taken: [what: string, edit: Edit][] = [
    ['policy', createPolicy({ name: 'steady' })],
    ['policy', createPolicy({ name: 'default' })],
    ['pool', createPool({ name: 'web', backends: [] })],
    ['listener', createListener({ name: 'front', address: '10.0.0.1:81', pool: 'web' })],
    ['backend', addBackends('web', [{ address: '10.0.0.3:80' }, { address: '[::ffff:10.0.0.1]:80' }])],
  ];
  for (const [what, edit] of taken) {
    it(`refuses with ALREADY_EXISTS a ${what} that there is`, () => {
      assert.equal(refusalOf(STATE, edit).code, 'ALREADY_EXISTS');
    });
  }

  it('names each address that the pool has already', () => {
    const { violations } = refusalOf(
      STATE,
      addBackends('web', [{ address: '10.0.0.2:80' }, { address: '10.0.0.1:80' }]),
    );
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['pools[web].backends[10.0.0.2:80]', 'pools[web].backends[10.0.0.1:80]'],
    );
  });

  const stale: [what: string, edit: (revision: number) => Edit][] = [
    ['policy', (revision) => updatePolicy({ name: 'steady' }, [], revision)],
    ['policy', (revision) => deletePolicy('steady', revision)],
    ['pool', (revision) => updatePool({ name: 'web', policy: 'steady', backends: [] }, [], revision)],
    ['pool', (revision) => deletePool('web', revision)],
    [
      'listener',
      (revision) => updateListener({ name: 'front', address: '0.0.0.0:80', pool: 'web' }, [], revision),
    ],
    ['listener', (revision) => deleteListener('front', revision)],
    ['backend', (revision) => updateBackend('web', { address: '10.0.0.1:80' }, revision)],
  ];
  for (const [what, edit] of stale) {
    it(`refuses with ABORTED when the ${what} is not the revision that the caller saw`, () => {
      const refusal = refusalOf(STATE, edit(99));
      assert.equal(refusal.code, 'ABORTED');
      assert.match(refusal.message, /at revision 1, not 99/);
      const seen = edit(1)(STATE);
      assert.ok(seen.ok || seen.refusal.code === 'FAILED_PRECONDITION');
    });
  }

  it('refuses to delete what is referred to, and names by what', () => {
    const policy = refusalOf(STATE, deletePolicy('steady'));
    assert.equal(policy.code, 'FAILED_PRECONDITION');
    assert.match(policy.message, /still used by pool "web"/);
    assert.deepEqual(
      policy.violations.map(({ field }) => field),
      ['pools[web].policy'],
    );
    const pool = refusalOf(STATE, deletePool('web'));
    assert.equal(pool.code, 'FAILED_PRECONDITION');
    assert.match(pool.message, /still used by listener "front"/);
  });

  it('deletes what nothing refers to', () => {
    const empty = after(
      after(after(STATE, deleteListener('front')), deletePool('web')),
      deletePolicy('steady'),
    );
    assert.deepEqual([empty.listeners.size, empty.pools.size, empty.policies.size], [0, 0, 1]);
  });

  it('never deletes the built-in policy', () => {
    assert.equal(refusalOf(STATE, deletePolicy('default')).code, 'FAILED_PRECONDITION');
  });

  it('replaces only the fields that a mask names; a named one that is unset takes its default', () => {
    const draft = {
      name: 'steady',
      strategy: 'peak_ewma',
      connect: { timeoutMs: 77 },
      drainTimeoutMs: 9,
    } as const;
    const masked = (...mask: string[]) =>
      after(STATE, updatePolicy(draft, mask)).policies.get('steady')?.value;
    assert.equal(masked('strategy')?.strategy, 'peak_ewma');
    assert.deepEqual(masked('strategy')?.connect, { timeoutMs: 5_000, retries: 5 });
    assert.deepEqual(masked('connect.timeout')?.connect, { timeoutMs: 77, retries: 5 });
    assert.deepEqual(masked('connect')?.connect, { timeoutMs: 77, retries: 2 });
    assert.equal(masked('connect')?.strategy, 'random');
    assert.equal(masked('name', 'revision', 'drain_timeout')?.drainTimeoutMs, 9);
    assert.deepEqual(masked('*'), masked());
  });

  it('leaves the connection log of a policy out while each connection is logged: its hash stays what it was', () => {
    const value = (oneIn: number, mask: readonly string[] = []) =>
      after(STATE, updatePolicy({ name: 'steady', connectionLog: { oneIn } }, mask)).policies.get('steady')
        ?.value;
    assert.equal(Object.hasOwn(value(1) ?? {}, 'connectionLog'), false);
    assert.equal(Object.hasOwn(value(1, ['connection_log']) ?? {}, 'connectionLog'), false);
    assert.deepEqual(value(0)?.connectionLog, { oneIn: 0 });
  });

  it('updates every field of a policy by its own path', () => {
    const steady = STATE.policies.get('steady')?.value;
    assert.ok(steady);
    const paths: [
      path: string,
      section: 'healthCheck' | 'connect' | 'timeouts' | 'connectionLog',
      field: object,
    ][] = [
      ['health_check.type', 'healthCheck', { type: 'none' }],
      ['health_check.interval', 'healthCheck', { intervalMs: 9_000 }],
      ['health_check.timeout', 'healthCheck', { timeoutMs: 90 }],
      ['health_check.healthy_threshold', 'healthCheck', { healthyThreshold: 9 }],
      ['health_check.unhealthy_threshold', 'healthCheck', { unhealthyThreshold: 9 }],
      ['connect.retries', 'connect', { retries: 9 }],
      ['timeouts.idle', 'timeouts', { idleMs: 9_000 }],
      ['timeouts.half_closed', 'timeouts', { halfClosedMs: 9_000 }],
      ['connection_log.one_in', 'connectionLog', { oneIn: 9 }],
    ];
    for (const [path, section, field] of paths) {
      const updated = after(STATE, updatePolicy({ name: 'steady', [section]: field }, [path]));
      const expected: Policy = { ...steady, [section]: { ...steady[section], ...field } };
      assert.deepEqual(updated.policies.get('steady')?.value, expected, path);
    }
  });

  it('refuses a mask with an unknown path, and names the nearest', () => {
    const { code, violations } = refusalOf(
      STATE,
      updatePolicy({ name: 'steady' }, ['stratgy', 'strategy', 'health']),
    );
    assert.equal(code, 'INVALID_ARGUMENT');
    assert.deepEqual(
      violations.map(({ field }) => field),
      ['update_mask', 'update_mask'],
    );
    assert.match(violations[0]?.description ?? '', /"stratgy" .*did you mean "strategy"/);
  });

  it('updates the policy of a pool without its backends, and the backends without its policy', () => {
    const policyOnly = after(STATE, updatePool({ name: 'web', backends: [] }, ['policy']));
    assert.equal(policyOnly.pools.get('web')?.value.policy, 'default');
    assert.equal(policyOnly.pools.get('web')?.backends.size, 2);
    const backendsOnly = after(
      STATE,
      updatePool({ name: 'web', backends: [{ address: '10.0.0.7:80' }] }, ['backends']),
    );
    assert.equal(backendsOnly.pools.get('web')?.value.policy, 'steady');
    assert.deepEqual([...(backendsOnly.pools.get('web')?.backends.keys() ?? [])], ['10.0.0.7:80']);
  });

  it('moves a listener to another pool in one step', () => {
    const two = after(STATE, createPool({ name: 'green', backends: [] }));
    const moved = after(two, updateListener({ name: 'front', address: '', pool: 'green' }, ['pool']));
    assert.deepEqual(moved.listeners.get('front')?.value, {
      name: 'front',
      address: '0.0.0.0:80',
      pool: 'green',
    });
  });

  it('changes of a backend what is named and leaves the rest', () => {
    const drained = after(STATE, updateBackend('web', { address: '10.0.0.1:80', state: 'draining' }));
    const backend = drained.pools.get('web')?.backends.get('10.0.0.1:80');
    assert.deepEqual(backend?.value, { pool: 'web', address: '10.0.0.1:80', weight: 3, state: 'draining' });
    const weighted = after(drained, updateBackend('web', { address: '10.0.0.1:80', weight: 0 }));
    assert.deepEqual(weighted.pools.get('web')?.backends.get('10.0.0.1:80')?.value, {
      ...backend?.value,
      weight: 0,
    });
  });

  it('adds and removes backends all together', () => {
    const added = after(
      STATE,
      addBackends('web', [{ address: '10.0.0.3:80' }, { address: '10.0.0.4:80', weight: 0 }]),
    );
    assert.equal(added.pools.get('web')?.backends.size, 4);
    const removed = after(
      added,
      removeBackends('web', ['10.0.0.1:80', '10.0.0.1:80', '[::ffff:10.0.0.4]:80']),
    );
    assert.deepEqual([...(removed.pools.get('web')?.backends.keys() ?? [])], ['10.0.0.2:80', '10.0.0.3:80']);
  });

  const unchanged: [what: string, edit: Edit][] = [
    ['policy', updatePolicy({ name: 'steady', strategy: 'random' }, ['strategy'])],
    ['pool', updatePool({ name: 'web', policy: 'steady', backends: [] }, ['policy'])],
    ['listener', updateListener({ name: 'front', address: '0.0.0.0:80', pool: 'web' })],
    ['backend', updateBackend('web', { address: '10.0.0.1:80', weight: 3, state: 'active' })],
  ];
  for (const [what, edit] of unchanged) {
    it(`makes no change of a ${what} that is so already`, () => assert.deepEqual(changesOf(STATE, edit), []));
  }
});

describe('an update of a health check', () => {
  const checkAfter = (before: HealthCheckDraft, draft: Omit<PolicyDraft, 'name'>, ...mask: string[]) => {
    const state = stateOf([{ kind: 'policy', value: { name: 'p', healthCheck: before } }]);
    const result = after(state, updatePolicy({ name: 'p', ...draft }, mask));
    const { type, http, tls, script, port } = result.policies.get('p')?.value.healthCheck ?? assert.fail();
    return JSON.parse(
      JSON.stringify({ type, port, path: http?.path, method: http?.method, tls, script }),
    ) as object;
  };
  const web: HealthCheckDraft = { type: 'http', port: 8_008, http: { path: '/x', method: 'HEAD' } };
  const shown = { type: 'http', port: 8_008, path: '/x', method: 'HEAD' };
  const tls = { serverName: '', verify: false, ca: '' };

  it('drops what the new type does not have, and keeps what it has', () => {
    assert.deepEqual(checkAfter(web, { healthCheck: { type: 'tcp' } }, 'health_check.type'), {
      type: 'tcp',
      port: 8_008,
    });
    assert.deepEqual(checkAfter(web, { healthCheck: { type: 'https' } }, 'health_check.type'), {
      ...shown,
      type: 'https',
      tls,
    });
  });

  it('changes one field of a part, gives a cleared one its default, and replaces a part that is named whole', () => {
    const path = ['health_check.http.path'];
    assert.deepEqual(checkAfter(web, { healthCheck: { http: { path: '/y' } } }, ...path), {
      ...shown,
      path: '/y',
    });
    assert.deepEqual(checkAfter(web, {}, ...path, 'health_check.port'), {
      type: 'http',
      path: '/',
      method: 'HEAD',
    });
    const whole = checkAfter(web, { healthCheck: { http: { path: '/y' } } }, 'health_check.http');
    assert.deepEqual(whole, { ...shown, path: '/y', method: 'GET' });
  });

  it('leaves a script over TCP or over TLS as it is, and an empty part is one', () => {
    const script: HealthCheckDraft = { type: 'script', script: [{ expect: 'x' }] };
    assert.deepEqual(checkAfter(script, { strategy: 'random' }, 'strategy'), script);
    assert.deepEqual(checkAfter(script, { healthCheck: { tls: {} } }, 'health_check.tls'), {
      ...script,
      tls,
    });
  });

  it('refuses a part that the type does not have', () => {
    const edit = updatePolicy({ name: 'steady', healthCheck: { http: { path: '/x' } } }, [
      'health_check.http.path',
    ]);
    assert.match(
      refusalOf(STATE, edit).message,
      /health_check\.http: is only for a check of type http or https/,
    );
  });
});
