/** Which addresses can be registered, from where, and how many of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callerOf } from '../../../../../control-plane/store/members/caller.ts';
import { registrationViolations } from '../../../../../control-plane/store/members/registration-request.ts';
import { canonicalAddress } from '../../../../../core/model/address.ts';
import { LIMITS } from '../../../../../core/model/limits.ts';
import { LbError } from '../../../../../core/runtime/errors.ts';
import { registration } from '../../../../contract/store/member-store.contract.ts';
import { MemberRig } from '../../../../../harness/store/member-rig.ts';
import { createPool } from '../../../../../core/model/edits/pool.ts';
import { commitOn, stateOf } from '../../../../../harness/state.ts';
import { emptyState } from '../../../../../core/model/fold.ts';

const TTL = 9_000;
const web = (address = '10.0.0.1:80', fields = {}) => registration(address, { ttlMs: TTL, ...fields });

async function rig() {
  const made = new MemberRig();
  const state = emptyState(made.log.storeId);
  const created = createPool({ name: 'web', backends: [{ address: '10.0.0.99:80' }] })(state);
  assert.ok(created.ok);
  assert.ok(made.log.append(made.log.head, [commitOn(state, created.changes)]));
  const one = made.replica();
  await made.pass(0);
  return { one };
}

describe('a registration', () => {
  for (const [address, caller, allowed] of [
    ['169.254.169.254:80', 'this host', false],
    ['169.254.0.1:80', '10.0.0.1', false],
    ['[fe80::1]:80', '10.0.0.1', false],
    ['[fd00:ec2::254]:80', '10.0.0.1', false],
    ['[fd20:ce::254]:80', '10.0.0.1', false],
    ['100.100.100.200:80', '10.0.0.1', false],
    ['[::ffff:169.254.169.254]:80', '10.0.0.1', false],
    ['[::169.254.169.254]:80', '10.0.0.1', false],
    ['[64:ff9b::a9fe:a9fe]:80', '10.0.0.1', false],
    ['[::ffff:127.0.0.1]:80', '10.0.0.1', false],
    ['[64:ff9b::127.0.0.1]:80', '10.0.0.1', false],
    ['127.0.0.1:80', '10.0.0.1', false],
    ['[::1]:80', '2001:db8::/64', false],
    ['224.0.0.1:80', '10.0.0.1', false],
    ['[ff02::1]:80', '10.0.0.1', false],
    ['255.255.255.255:80', '10.0.0.1', false],
    ['[::]:80', '10.0.0.1', false],
    ['127.0.0.1:80', 'this host', true],
    ['[::1]:80', 'this host', true],
    ['[2001:db8::1]:80', '10.0.0.1', true],
    ['10.0.0.2:80', '10.0.0.1', true],
  ] as const) {
    it(`of ${address} is ${allowed ? 'taken' : 'refused'} from ${caller}, with one reason`, async () => {
      const { one } = await rig();
      const outcome = await one
        .register(web(canonicalAddress(address), { caller }))
        .catch((reason: unknown) => reason);
      if (allowed) assert.equal((await one.registered()).length, 1);
      else {
        assert.ok(outcome instanceof LbError);
        assert.deepEqual(
          outcome.violations.map(({ field }) => field),
          ['address'],
        );
      }
    });
  }

  it('is refused to a caller that has as many as one caller may have, asked for at once or not, held or not', async () => {
    const { one } = await rig();
    const { registrationsOfCaller: most } = LIMITS;
    const asked = Array.from({ length: most + 50 }, (_, index) =>
      one.register(web(`10.1.${index >> 8}.${index & 255}:80`, { caller: '10.0.0.1' })),
    );
    const settled = await Promise.allSettled(asked);
    const taken = settled.filter(({ status }) => status === 'fulfilled');
    assert.equal(taken.length, most);
    for (const made of await Promise.all(asked.slice(0, 5).map((each) => each.catch(() => null)))) {
      if (made !== null) one.registrations.drop(made.hold);
    }
    const more = (caller: string) => one.register(web(`10.2.0.${caller.length}:80`, { caller }));
    await assert.rejects(
      more('10.0.0.1'),
      /10\.0\.0\.1 has 200 registrations, the most that one caller can have/,
    );
    await more('10.0.0.2').then(({ told }) => assert.deepEqual(told, ['registered active']));
  });
});

it('a registration is refused where a pool, or all together, have as many as there may be', () => {
  const state = stateOf([{ kind: 'pool', value: { name: 'web', backends: [] } }]);
  const others = (count: number, pool: string) =>
    Array.from({ length: count }, (_, index) => web(`10.3.${index >> 8}.${index & 255}:80`, { pool }));
  const refused = (count: number, pool: string) =>
    registrationViolations(web(), state, others(count, pool)).map(
      ({ field, description }) => `${field} ${description}`,
    );
  assert.deepEqual(refused(LIMITS.registrationsOfPool - 1, 'web'), []);
  assert.match(
    refused(LIMITS.registrationsOfPool, 'web').join(),
    /^pool "web" has 1000 registrations, the most/,
  );
  assert.deepEqual(refused(LIMITS.registrations - 1, 'api'), []);
  assert.match(refused(LIMITS.registrations, 'api').join(), /^ all pools together have 4000 registrations/);
});

describe('a caller', () => {
  for (const [peer, caller] of [
    ['127.0.0.1:4711', 'this host'],
    ['::1:4711', 'this host'],
    ['::ffff:127.0.0.1:4711', 'this host'],
    ['10.0.0.1:4711', '10.0.0.1'],
    ['::ffff:10.0.0.1:4711', '10.0.0.1'],
    ['2001:db8:0:1:aaaa::1:4711', '2001:db8:0:1::/64'],
    ['unknown', 'unknown'],
  ] as const) {
    it(`at ${peer} is ${caller}`, () => assert.equal(callerOf(peer), caller));
  }
});
