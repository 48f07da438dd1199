/** A policy and how its pools stand, in words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completePolicy } from '../../../../core/model/draft.ts';
import type { PolicyDraft } from '../../../../core/model/draft.ts';
import { expectation, policyEffects, wholeCheckText } from '../../../../core/view/policy-words.ts';
import { poolRemarks, servingOf } from '../../../../core/view/serving.ts';
import { poolReport } from '../../../../harness/control-plane/reports.ts';

const policyOf = (fields: Omit<PolicyDraft, 'name'>) => completePolicy({ name: 'p', ...fields });
const PRIMARY = {
  type: 'http',
  port: 8008,
  intervalMs: 3_000,
  http: { path: '/primary', status: ['200'] },
} as const;

describe('a check in words', () => {
  const CHECKS: readonly (readonly [NonNullable<PolicyDraft['healthCheck']>, string])[] = [
    [{}, 'tcp every 5s; 2 up, 3 down'],
    [{ type: 'none' }, 'none'],
    [PRIMARY, 'GET :8008/primary every 3s, 200 passes; 2 up, 3 down'],
    [
      { ...PRIMARY, type: 'https', unhealthyIntervalMs: 1_000, tls: { verify: true } },
      'https GET :8008/primary every 3s (1s while down), 200 passes, certificate verified; 2 up, 3 down',
    ],
    [
      { type: 'http', http: { method: 'HEAD', status: ['200-299', '404'], body: 'role:master' } },
      'HEAD / every 5s, 200-299 or 404 with "role:master" passes; 2 up, 3 down',
    ],
    [{ type: 'tls', port: 443 }, 'tls :443 every 5s; 2 up, 3 down'],
    [
      { type: 'script', script: [{ send: 'PING\\r\\n' }, { expect: '+PONG' }], tls: {} },
      'script of 2 steps every 5s, over TLS; 2 up, 3 down',
    ],
  ];
  for (const [healthCheck, words] of CHECKS) {
    it(words, () => assert.equal(wholeCheckText(policyOf({ healthCheck }).healthCheck), words));
  }
});

describe('what follows from a policy', () => {
  const textsOf = (fields: Omit<PolicyDraft, 'name'>) =>
    policyEffects(policyOf(fields)).map(([, text]) => text);

  it('is said of what was left out, too', () => {
    assert.deepEqual(textsOf({}), ['all of them are used', 'its connections stay', 'none', 'no end', 'all']);
    assert.equal(textsOf({ healthCheck: PRIMARY })[0], 'new connections are refused');
    assert.equal(textsOf({ healthCheck: PRIMARY, whenNoneHealthy: 'use_all' })[0], 'all of them are used');
    assert.deepEqual(
      textsOf({
        onUnhealthy: 'close',
        slowStartMs: 30_000,
        maxLifetimeMs: 3_600_000,
        expectHealthy: 1,
      }).slice(1),
      ['its connections are closed', '30s, from a tenth of its share', '1h', '1'],
    );
  });

  it('is how many healthy backends are right: fewer and more are not', () => {
    const words = (expectHealthy: number, healthy: number) => {
      const found = expectation(policyOf({ expectHealthy }), healthy);
      return [found?.text, found?.problem];
    };
    assert.equal(expectation(policyOf({}), 2), null);
    assert.deepEqual(words(1, 1), ['1 of 1 expected', null]);
    assert.deepEqual(words(2, 1), ['1 of 2 expected', '1 passes the check, 2 are expected']);
    assert.equal(words(1, 2)[1], '2 pass the check, 1 is expected: more than one server may take writes');
    assert.equal(words(2, 4)[1], '4 pass the check, 2 are expected');
  });
});

describe('how a pool stands', () => {
  const SINCE = 'since 2023-11-14T22:13:20Z';
  const remarks = (
    at: Readonly<Record<string, Parameters<typeof poolReport>[1]>>,
    healthy = 1,
    expectHealthy?: number,
  ) => {
    const proxies = Object.entries(at).map(([id, fields]) => {
      return { info: { id }, connected: true, pools: [poolReport('pg', fields)] };
    });
    const away = { info: { id: 'away' }, connected: false, pools: [poolReport('pg', { noneHealthy: true })] };
    const serving = servingOf([...proxies, away]).get('pg') ?? [];
    const policy = policyOf({ healthCheck: PRIMARY, ...(expectHealthy && { expectHealthy }) });
    return poolRemarks(policy, serving, healthy);
  };

  it('is not worth a remark while the first tier serves everywhere', () => {
    assert.deepEqual(remarks({ a: {}, b: {} }), []);
  });

  it('says which tier serves, where proxies differ at which, and since when', () => {
    assert.deepEqual(remarks({ a: { servingTier: 1 }, b: { servingTier: 1 } }), [
      `tier 1 serves ${SINCE}: nothing of tier 0 is healthy`,
    ]);
    assert.deepEqual(remarks({ a: { servingTier: 2 }, b: {}, c: {} }), [
      `tier 2 serves at a ${SINCE}: nothing of the tiers before it is healthy`,
      `tier 0 serves at b and c ${SINCE}`,
    ]);
  });

  it('says what clients get while nothing is healthy, and not that fewer pass than expected', () => {
    assert.deepEqual(remarks({ a: { noneHealthy: true } }, 0, 1), [
      `no backend passes the check of this pool: new connections are refused ${SINCE}`,
    ]);
    assert.deepEqual(remarks({ a: {} }, 2, 1), [
      '2 pass the check, 1 is expected: more than one server may take writes',
    ]);
  });
});
