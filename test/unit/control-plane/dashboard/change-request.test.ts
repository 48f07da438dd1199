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

  it('names one of the methods of the page', () => {
    for (const body of [
      { method: 'DeleteProxy', request: {} },
      { method: 'constructor' },
      {},
      null,
      [],
      'text',
    ]) {
      const { asked, wrong } = read(body);
      assert.equal(asked, null);
      assert.match(wrong.join(), /^method must be one of AddBackends, RemoveBackends,/);
    }
  });

  for (const [what, method, request, field, words] of [
    [
      'a number as text',
      'AddBackends',
      { backends: [{ address: 'a', weight: '3' }] },
      'backends[0].weight',
      /whole number/,
    ],
    ['a half', 'UpdateBackend', { backend: { weight: 0.5 } }, 'backend.weight', /whole number/],
    [
      'one that the wire would wrap',
      'UpdateBackend',
      { backend: { weight: 2 ** 32 } },
      'backend.weight',
      /whole number/,
    ],
    ['no number', 'UpdateBackend', { backend: { weight: null } }, 'backend.weight', /whole number/],
    [
      'a state that is none',
      'UpdateBackend',
      { backend: { state: 'draining' } },
      'backend.state',
      /BACKEND_STATE_DRAINING/,
    ],
    [
      'a strategy that is none',
      'UpdatePolicy',
      { policy: { strategy: 1 } },
      'policy.strategy',
      /STRATEGY_PEAK_EWMA/,
    ],
    ['a word for yes', 'RemoveBackends', { dryRun: 'true' }, 'dryRun', /true or false/],
    ['one for a list', 'RemoveBackends', { addresses: '10.0.0.1:80' }, 'addresses', /list/],
    ['text for an object', 'UpdatePool', { pool: 'web' }, 'pool', /object/],
    ['a revision that is none', 'Rollback', { revision: 'latest' }, 'revision', /digits/],
    [
      'an unknown field',
      'Rollback',
      { revison: '1' },
      'revison',
      /not a known field; the fields are .*revision/,
    ],
    ['a name of the language', 'Rollback', JSON.parse('{"__proto__": 1}'), '__proto__', /not a known field/],
  ] as const) {
    it(`is refused with ${what}, by the path of the field`, () => {
      const { asked, wrong } = read({ method, request });
      assert.equal(asked, null);
      assert.equal(wrong.length, 1);
      assert.ok(wrong[0]?.startsWith(`${field} `), wrong[0]);
      assert.match(wrong[0] ?? '', words);
    });
  }

  it('says everything that is wrong at once', () => {
    const request = { backends: [{ address: 1 }, { weight: 'x' }], force: 1 };
    assert.equal(read({ method: 'AddBackends', request }).wrong.length, 3);
  });
});
