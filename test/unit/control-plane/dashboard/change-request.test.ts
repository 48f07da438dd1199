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

  for (const [method, request, violation] of [
    ['AddBackends', { backends: [{ weight: '3' }] }, /^backends\[0\]\.weight .*whole number/],
    ['UpdateBackend', { backend: { weight: 0.5 } }, /^backend\.weight .*whole number/],
    // The wire format would wrap it around.
    ['UpdateBackend', { backend: { weight: 2 ** 32 } }, /^backend\.weight .*whole number/],
    ['UpdateBackend', { backend: { weight: null } }, /^backend\.weight .*whole number/],
    ['UpdateBackend', { backend: { state: 'draining' } }, /^backend\.state .*BACKEND_STATE_DRAINING/],
    ['UpdatePolicy', { policy: { strategy: 1 } }, /^policy\.strategy .*STRATEGY_PEAK_EWMA/],
    ['RemoveBackends', { dryRun: 'true' }, /^dryRun .*true or false/],
    ['RemoveBackends', { addresses: '10.0.0.1:80' }, /^addresses .*list/],
    ['UpdatePool', { pool: 'web' }, /^pool .*object/],
    ['Rollback', { revision: 'latest' }, /^revision .*digits/],
    ['Rollback', { revison: '1' }, /^revison is not a known field; the fields are .*revision/],
    ['Rollback', JSON.parse('{"__proto__": 1}'), /^__proto__ is not a known field/],
  ] as const) {
    it(`is refused as ${method} with ${JSON.stringify(request)}`, () => {
      const { asked, wrong } = read({ method, request });
      assert.equal(asked, null);
      assert.equal(wrong.length, 1);
      assert.match(wrong[0] ?? '', violation);
    });
  }

  it('says everything that is wrong at once', () => {
    const request = { backends: [{ address: 1 }, { weight: 'x' }], force: 1 };
    assert.equal(read({ method: 'AddBackends', request }).wrong.length, 3);
  });
});
