/** What the JSON of a change may look like. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readChange } from '../../../../control-plane/dashboard/change-request.ts';
import type { Violation } from '../../../../core/model/violation.ts';

function read(body: unknown): { asked: unknown; wrong: readonly string[] } {
  const violations: Violation[] = [];
  const asked = readChange(body, violations);
  return { asked, wrong: violations.map(({ field, description }) => `${field} ${description}`) };
}

describe('a change as JSON', () => {
  it('is taken as it is', () => {
    const body = {
      method: 'AddBackends',
      request: {
        pool: 'web',
        backends: [{ address: '10.0.0.1:80', weight: 0 }],
        dryRun: true,
        requestId: 'a',
      },
    };
    assert.deepEqual(read(body), { asked: { ...body, shown: null }, wrong: [] });
    assert.deepEqual(read({ ...body, shown: '42' }), { asked: { ...body, shown: 42 }, wrong: [] });
  });

  it('may have what manifests have: names in snake case, durations and words', () => {
    const policy = {
      name: 'a',
      strategy: 'least_connections',
      health_check: { type: 'none', interval: '1m30s', healthy_threshold: 3 },
    };
    const { asked, wrong } = read({ method: 'CreatePolicy', request: { policy } });
    assert.deepEqual(wrong, []);
    assert.deepEqual(asked, {
      method: 'CreatePolicy',
      shown: null,
      request: {
        policy: {
          name: 'a',
          strategy: 'STRATEGY_LEAST_CONNECTIONS',
          healthCheck: { type: 'TYPE_NONE', interval: { seconds: 90, nanos: 0 }, healthyThreshold: 3 },
        },
      },
    });
  });

  it('names one of the methods of the page', () => {
    for (const body of [
      { method: 'AdoptStore', request: {} },
      { method: 'constructor' },
      {},
      null,
      [],
      'text',
    ]) {
      const { asked, wrong } = read(body);
      assert.equal(asked, null);
      assert.match(wrong.join(), /^method must be one of CreatePool, UpdatePool,/);
    }
  });

  for (const [method, request, violation] of [
    ['AddBackends', { backends: [{ weight: '3' }] }, /^backends\[0\]\.weight .*whole number/],
    ['UpdateBackend', { backend: { weight: 0.5 } }, /^backend\.weight .*whole number/],
    // The wire format would wrap it around.
    ['UpdateBackend', { backend: { weight: 2 ** 32 } }, /^backend\.weight .*whole number/],
    ['UpdateBackend', { backend: { weight: null } }, /^backend\.weight .*whole number/],
    [
      'UpdateBackend',
      { backend: { state: 'gone' } },
      /^backend\.state must be one of active, draining, disabled/,
    ],
    ['UpdatePolicy', { policy: { strategy: 1 } }, /^policy\.strategy .*peak_ewma/],
    ['RemoveBackends', { dryRun: 'true' }, /^dryRun .*true or false/],
    ['RemoveBackends', { addresses: '10.0.0.1:80' }, /^addresses .*list/],
    ['UpdatePool', { pool: 'web' }, /^pool .*object/],
    ['Rollback', { revision: 'latest' }, /^revision .*digits/],
    ['Rollback', { revison: '1' }, /^revison is not a known field; the fields are .*revision/],
    ['UpdatePolicy', { policy: { drain_timeout: '5 min' } }, /^policy\.drain_timeout .*not a duration/],
    [
      'UpdatePolicy',
      { policy: { health_check: { type: 'udp' } } },
      /^policy\.health_check\.type .*tcp, none/,
    ],
    ['Rollback', JSON.parse('{"__proto__": 1}'), /^__proto__ is not a known field/],
  ] as const) {
    it(`is refused as ${method} with ${JSON.stringify(request)}`, () => {
      const { wrong } = read({ method, request });
      assert.equal(wrong.length, 1);
      assert.match(wrong[0] ?? '', violation);
    });
  }

  it('says everything that is wrong at once', () => {
    const request = { pool: 'web', backends: [{ address: 1, weight: 2 }, { weight: 'x' }, 3], force: 1 };
    const { asked, wrong } = read({ method: 'AddBackends', request });
    assert.equal(wrong.length, 4);
    // The rest is read, so that a dry run of it says what else is wrong.
    const rest = {
      method: 'AddBackends',
      request: { pool: 'web', backends: [{ weight: 2 }, {}] },
      shown: null,
    };
    assert.equal(JSON.stringify(asked), JSON.stringify(rest));
  });
});
