import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PolicyDraft, ResourceDraft } from '../../../../core/model/draft.ts';
import { addBackends } from '../../../../core/model/edits/backend.ts';
import { applyResources } from '../../../../core/model/edits/apply.ts';
import { emptyState } from '../../../../core/model/fold.ts';
import { refusalOf, stateOf } from '../../../../harness/state.ts';

const policy = (value: Omit<PolicyDraft, 'name'>): ResourceDraft => ({
  kind: 'policy',
  value: { name: 'p', ...value },
});
const pool = (name: string, addresses: string[] = [], usedPolicy?: string): ResourceDraft => ({
  kind: 'pool',
  value: {
    name,
    backends: addresses.map((address) => ({ address })),
    ...(usedPolicy === undefined ? {} : { policy: usedPolicy }),
  },
});
const listener = (name: string, address: string, to = 'web'): ResourceDraft => ({
  kind: 'listener',
  value: { name, address, pool: to },
});

function violationsOf(drafts: readonly ResourceDraft[]): string[] {
  const { code, violations } = refusalOf(emptyState('s'), applyResources(drafts, { prune: false }));
  assert.equal(code, 'INVALID_ARGUMENT');
  return violations.map(({ field, description }) => `${field}: ${description}`);
}

describe('validation', () => {
  const ranges: [field: string, path: string, good: number[], bad: number[]][] = [
    ['health_check.interval', 'healthCheck.intervalMs', [100, 3_600_000], [99, 0, -1, 3_600_001, 100.5, NaN]],
    ['health_check.timeout', 'healthCheck.timeoutMs', [10, 60_000], [9, 0, 60_001]],
    ['health_check.healthy_threshold', 'healthCheck.healthyThreshold', [1, 100], [0, 101, 1.5]],
    ['health_check.unhealthy_threshold', 'healthCheck.unhealthyThreshold', [1, 100], [0, 101]],
    ['connect.timeout', 'connect.timeoutMs', [10, 300_000], [9, 0, 300_001]],
    ['connect.retries', 'connect.retries', [0, 10], [-1, 11]],
    ['timeouts.idle', 'timeouts.idleMs', [0, 1_000, 604_800_000], [999, 604_800_001]],
    ['timeouts.half_closed', 'timeouts.halfClosedMs', [0, 1_000, 3_600_000], [999, 3_600_001]],
    ['connection_log.one_in', 'connectionLog.oneIn', [0, 1, 1_000_000], [-1, 1_000_001, 1.5]],
    ['drain_timeout', 'drainTimeoutMs', [0, 1, 86_400_000], [-1, 86_400_001]],
  ];
  for (const [field, path, good, bad] of ranges) {
    const [section = '', name] = path.split('.');
    const check = section === 'healthCheck' && { timeoutMs: 10 };
    const of = (value: number) =>
      policy(name === undefined ? { [section]: value } : { [section]: { ...check, [name]: value } });
    it(`keeps ${field} within its range, ends included`, () => {
      for (const value of good) stateOf([of(value)]);
      for (const value of bad) {
        const [first, ...others] = violationsOf([of(value)]);
        assert.ok(first?.startsWith(`policies[p].${field}: `), `${value}: ${first}`);
        assert.match(first ?? '', /it must be/);
        assert.deepEqual(others, []);
      }
    });
  }

  it('lets a check take longer than its interval', () => {
    stateOf([policy({ healthCheck: { intervalMs: 1_000, timeoutMs: 10_000, unhealthyIntervalMs: 500 } })]);
  });

  it('names the nearest of the known words', () => {
    assert.deepEqual(violationsOf([policy({ strategy: 'round_robbin' as 'round_robin' })]), [
      'policies[p].strategy: "round_robbin" is not a strategy (did you mean "round_robin"?); use one of round_robin, least_connections, power_of_two_choices, random, source_hash, peak_ewma',
    ]);
  });

  for (const name of ['', 'Web', '-web', 'web-', 'a.b', 'a_b', 'a'.repeat(64), 'ä', 'web\n']) {
    it(`refuses the name ${JSON.stringify(name)}`, () => {
      const [first] = violationsOf([pool(name)]);
      assert.match(first ?? '', /^pools\[[^]*\]\.name: (?:is missing|.* is not a valid name); use 1 to 63/s);
    });
  }
  for (const name of ['a', '0', 'a-b', 'a'.repeat(63)]) {
    it(`accepts the name ${name}`, () => void stateOf([pool(name)]));
  }

  it('wants every reference to resolve, and names the nearest', () => {
    assert.deepEqual(
      violationsOf([pool('web', [], 'stedy'), policy({}), listener('l', '10.0.0.9:1', 'wbe')]),
      [
        'pools[web].policy: there is no policy "stedy"; create it first, or in the same request',
        'listeners[l].pool: there is no pool "wbe" (did you mean "web"?); create it first, or in the same request',
      ],
    );
    assert.match(
      violationsOf([listener('l', '10.0.0.9:1', '')])[0] ?? '',
      /^listeners\[l\]\.pool: is empty; name the pool/,
    );
  });

  it('refuses weights and states beyond what is allowed', () => {
    for (const weight of [-1, 1_001, 0.5]) {
      const draft: ResourceDraft = {
        kind: 'pool',
        value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight }] },
      };
      assert.match(
        violationsOf([draft])[0] ?? '',
        /^pools\[web\]\.backends\[10\.0\.0\.1:80\]\.weight: is .* from 1 to 1000, or 0, which means no new connections/,
      );
    }
    const backends = [{ address: '10.0.0.1:80', state: 'drain' as 'draining' }];
    assert.match(
      violationsOf([{ kind: 'pool', value: { name: 'web', backends } }])[0] ?? '',
      /^pools\[web\]\.backends\[10\.0\.0\.1:80\]\.state: "drain" is not a backend state.*use one of active/,
    );
  });

  it('refuses addresses that no server can have', () => {
    for (const address of [
      'localhost:80',
      '0.0.0.0:80',
      '[::]:80',
      '224.0.0.1:80',
      '255.255.255.255:80',
      '[ff02::1]:80',
    ]) {
      const found = violationsOf([pool('web', [address])]);
      assert.equal(found.length, 1, found.join('\n'));
      assert.ok(found[0]?.startsWith(`pools[web].backends[${address}].address: `), found[0]);
    }
  });

  it('refuses an address twice in a pool, in whatever form', () => {
    assert.deepEqual(violationsOf([pool('web', ['10.0.0.1:80', '[::ffff:10.0.0.1]:80', '10.0.0.1:80'])]), [
      'pools[web].backends[10.0.0.1:80]: "10.0.0.1:80" is listed more than once; keep one',
    ]);
  });

  it('allows the same address in two pools', () => {
    stateOf([pool('a', ['10.0.0.1:80']), pool('b', ['10.0.0.1:80'])]);
  });

  it('refuses listeners that overlap', () => {
    const overlapping = violationsOf([pool('web'), listener('a', '[::]:80'), listener('b', '10.0.0.1:80')]);
    assert.deepEqual(overlapping, [
      'listeners[a].address: [::]:80 overlaps 10.0.0.1:80, the address of the listener "b"; give each listener an address of its own',
      'listeners[b].address: 10.0.0.1:80 overlaps [::]:80, the address of the listener "a"; give each listener an address of its own',
    ]);
    stateOf([pool('web'), listener('a', '10.0.0.2:80'), listener('b', '10.0.0.1:80')]);
  });

  const loops: [backend: string, listenerAddress: string, loop: boolean][] = [
    ['10.0.0.1:80', '10.0.0.1:80', true],
    ['127.0.0.1:80', '0.0.0.0:80', true],
    ['127.9.9.9:80', '0.0.0.0:80', true],
    ['127.0.0.1:80', '[::]:80', true],
    ['[::1]:80', '[::]:80', true],
    ['[::1]:80', '0.0.0.0:80', false],
    ['127.0.0.1:81', '0.0.0.0:80', false],
    ['10.0.0.1:80', '0.0.0.0:80', false],
    ['127.0.0.1:80', '127.0.0.2:80', false],
  ];
  for (const [backend, address, loop] of loops) {
    it(`${loop ? 'refuses' : 'accepts'} a backend ${backend} under a listener on ${address}, whichever comes first`, () => {
      const both = [pool('web', [backend]), listener('l', address)];
      if (!loop) return void stateOf(both);
      const expected = new RegExp(
        `^pools\\[web\\]\\.backends\\[.*\\]\\.address: is the address of the listener "l"`,
      );
      const found = violationsOf(both);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', expected);
      const listenerFirst = stateOf([pool('web'), listener('l', address)]);
      const backendFirst = stateOf([pool('web', [backend])]);
      for (const { violations } of [
        refusalOf(listenerFirst, addBackends('web', [{ address: backend }])),
        refusalOf(backendFirst, applyResources([listener('l', address)], { prune: false })),
      ]) {
        assert.equal(violations.length, 1);
        assert.match(`${violations[0]?.field}: ${violations[0]?.description}`, expected);
      }
    });
  }

  it('reports everything at once', () => {
    const found = violationsOf([
      policy({ healthCheck: { intervalMs: 1 }, connect: { retries: 99 } }),
      pool('Web', ['nowhere:80', '10.0.0.1:80'], 'nothing-like-it'),
      listener('l', 'here', 'gone'),
      listener('l', 'here', 'gone'),
    ]);
    assert.deepEqual(
      found.map((line) => line.slice(0, line.indexOf(': '))),
      [
        'listeners[l]',
        'policies[p].health_check.interval',
        'policies[p].connect.retries',
        'pools[Web].name',
        'pools[Web].policy',
        'pools[Web].backends[nowhere:80].address',
        'listeners[l].address',
        'listeners[l].pool',
      ],
    );
  });

  it('says one violation in the message itself', () => {
    const { message } = refusalOf(emptyState('s'), applyResources([pool('web', [], 'no')], { prune: false }));
    assert.equal(
      message,
      'pools[web].policy: there is no policy "no"; create it first, or in the same request.',
    );
  });
});
