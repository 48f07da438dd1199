import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toCliError } from '../../../cli/exit.ts';
import { createPolicy } from '../../../core/model/edits/policy.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import { stateOf } from '../../../harness/state.ts';

describe('the lines under a refusal', () => {
  const violation = { field: 'pools[web].policy', description: 'there is no policy "no"' };
  const detailsOf = (message: string, ...violations: readonly (typeof violation)[]) =>
    toCliError(new LbError('INVALID_ARGUMENT', message, violations)).details;

  it('leave out what the headline says whole', () => {
    assert.deepEqual(detailsOf('pools[web].policy: there is no policy "no".', violation), []);
    assert.deepEqual(detailsOf('There is nothing.', { field: '', description: 'There is nothing' }), []);
  });

  it('leave out the only violation of an edit that was refused', () => {
    const refused = createPolicy({ name: 'p', connect: { retries: 99 } })(stateOf([]));
    assert.ok(!refused.ok);
    const { code, message, violations } = refused.refusal;
    assert.equal(violations.length, 1);
    assert.deepEqual(toCliError(new LbError(code, message, violations)).details, []);
  });

  it('keep the path that the headline lacks', () => {
    assert.deepEqual(detailsOf('there is no policy "no"', violation), [
      'pools[web].policy: there is no policy "no"',
    ]);
  });

  it('leave out a path whose names the headline has, beside what is wrong', () => {
    const gone = { field: 'pools[web].backends[[::1]:81]', description: 'is not in the pool' };
    assert.deepEqual(detailsOf('Pool "web": [::1]:81 is not in the pool; nothing was changed.', gone), []);
    assert.deepEqual(detailsOf('Pool "web": it is not in the pool.', gone), [
      'pools[web].backends[[::1]:81]: is not in the pool',
    ]);
  });

  it('say nothing twice when the store adds that nothing was written', () => {
    const headline = 'pools[web].policy: there is no policy "no".; nothing was written';
    assert.deepEqual(detailsOf(headline, violation), []);
  });

  it('keep the place in a manifest', () => {
    const traced = { ...violation, field: 'web.yaml:5: pools[web].policy' };
    const headline = 'pools[web].policy: there is no policy "no".';
    assert.deepEqual(detailsOf(headline, traced), ['web.yaml:5: pools[web].policy: there is no policy "no"']);
  });

  it('are one for each of several', () => {
    const other = { field: 'pools[api].policy', description: 'there is no policy "no"' };
    assert.equal(detailsOf('2 things are wrong; nothing was changed.', violation, other).length, 2);
  });
});
