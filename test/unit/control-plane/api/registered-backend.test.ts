import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainRegistered } from '../../../../control-plane/api/registered-backend.ts';
import { memberName } from '../../../../control-plane/store/member-store.ts';
import { removeBackends, updateBackend } from '../../../../core/model/edits/backend.ts';
import type { Edit } from '../../../../core/model/edit.ts';
import { registration } from '../../../contract/store/member-store.contract.ts';
import { changesOf, refusalOf, stateOf } from '../../../../harness/state.ts';

const CONFIGURED = '10.0.0.1:80';
const REGISTERED = '10.0.9.9:80';
const STATE = stateOf([
  { kind: 'pool', value: { name: 'web', backends: [{ address: CONFIGURED }] } },
  { kind: 'pool', value: { name: 'api', backends: [] } },
]);
const MEMBERS = [REGISTERED, CONFIGURED].map((address) => {
  const value = registration(address);
  return { name: memberName(value), value, token: 1, alive: true, lease: '' };
});
const knowing = (edit: Edit, pool: string, address: string) =>
  explainRegistered(edit, pool, [address], () => MEMBERS);

describe('an edit of a backend that registered itself', () => {
  for (const [what, edit] of [
    ['drained', updateBackend('web', { address: REGISTERED, state: 'draining' })],
    ['removed', removeBackends('web', [CONFIGURED, REGISTERED])],
  ] as const) {
    it(`tells whoever wants it ${what} which instance it is, and how to stop it`, () => {
      const { code, message, violations } = refusalOf(STATE, knowing(edit, 'web', REGISTERED));
      assert.equal(code, 'FAILED_PRECONDITION');
      assert.match(
        message,
        /10\.0\.9\.9:80 registered itself.*nothing was changed.*SIGTERM.*add the address/,
      );
      assert.deepEqual(violations, [
        {
          field: `pools[web].backends[${REGISTERED}]`,
          description: `registered itself (instance instance of ${REGISTERED}, since 2023-11-14T22:13:20.000Z)`,
        },
      ]);
    });
  }

  it('is left as it is where the backend is configured, unknown, or registered in another pool', () => {
    const weigh = (pool: string, address: string) =>
      knowing(updateBackend(pool, { address, weight: 7 }), pool, address);
    assert.equal(changesOf(STATE, weigh('web', CONFIGURED)).length, 1);
    assert.equal(refusalOf(STATE, weigh('web', '10.0.0.9:80')).code, 'NOT_FOUND');
    assert.equal(refusalOf(STATE, weigh('api', REGISTERED)).code, 'NOT_FOUND');
    assert.equal(refusalOf(STATE, weigh('else', REGISTERED)).code, 'NOT_FOUND');
  });
});
