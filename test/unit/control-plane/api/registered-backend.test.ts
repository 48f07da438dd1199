import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  explainRegistered,
  explainRegisteredHost,
} from '../../../../control-plane/api/registered-backend.ts';
import { memberName } from '../../../../control-plane/store/member-store.ts';
import { removeBackends, updateBackend } from '../../../../core/model/edits/backend.ts';
import { setHostState } from '../../../../core/model/edits/host.ts';
import type { Edit } from '../../../../core/model/edits/edit.ts';
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

describe('the state of a host', () => {
  const HOSTS = stateOf([
    {
      kind: 'pool',
      value: { name: 'web', backends: [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80' }] },
    },
    { kind: 'pool', value: { name: 'api', backends: [{ address: '10.0.0.1:81', state: 'draining' }] } },
    { kind: 'pool', value: { name: 'v6', backends: [{ address: '[2001:db8::1]:80' }] } },
  ]);
  const drain = (ip: string) => explainRegisteredHost(setHostState(ip, 'draining'), ip, () => MEMBERS);
  const enable = (ip: string) => setHostState(ip, 'active');
  const changed = (edit: Edit) =>
    changesOf(HOSTS, edit).map((change) =>
      change.op === 'put' && change.resource.kind === 'backend'
        ? [change.resource.value.address, change.resource.value.state]
        : change.op,
    );

  it('is given to each of its backends that has another one, in every pool, however the address is written', () => {
    assert.deepEqual(changed(drain('::ffff:10.0.0.1')), [['10.0.0.1:80', 'draining']]);
    assert.deepEqual(changed(enable('10.0.0.1')), [['10.0.0.1:81', 'active']]);
    assert.deepEqual(changed(enable('10.0.0.2')), []);
    assert.deepEqual(changed(drain('2001:DB8:0::1')), [['[2001:db8::1]:80', 'draining']]);
  });

  it('is refused for an address that no pool has, and for what is not one', () => {
    const { code, message } = refusalOf(HOSTS, drain('10.0.0.3'));
    assert.deepEqual([code, message], ['NOT_FOUND', 'No pool has a backend with the address 10.0.0.3.']);
    for (const text of ['10.0.0.1:80', 'db1', '']) {
      const { violations } = refusalOf(HOSTS, drain(text));
      assert.match(violations[0]?.description ?? '', /is not an IP address; write it without a port/);
    }
  });

  it('names the backends there that registered themselves, alone or beside others', () => {
    const { code, message } = refusalOf(HOSTS, drain('10.0.9.9'));
    assert.equal(code, 'FAILED_PRECONDITION');
    assert.match(message, /^Host 10\.0\.9\.9: 10\.0\.9\.9:80 registered itself.*SIGTERM/);
    const beside = stateOf([
      { kind: 'pool', value: { name: 'api', backends: [{ address: '10.0.9.9:81' }] } },
    ]);
    const result = drain('10.0.9.9')(beside);
    assert.ok(result.ok);
    assert.equal(result.changes.length, 1);
    assert.match(
      result.notes?.join() ?? '',
      /^web\/10\.0\.9\.9:80 registered itself, so its state was not changed/,
    );
  });

  it('names the backends there that come from DNS, alone or beside others', () => {
    const dns = [{ name: 'db.test:80' }];
    const named = stateOf([
      { kind: 'pool', value: { name: 'web', backends: [], dns } },
      { kind: 'pool', value: { name: 'api', backends: [{ address: '10.0.0.1:81' }] } },
    ]);
    const addresses = [{ address: '10.0.0.1:80' }, { address: '10.0.0.2:80' }];
    const held = { instanceId: 'i', ttlMs: 1, sinceMs: 1 };
    const value = { kind: 'dns', pool: 'web', name: 'db.test:80', addresses, ...held } as const;
    const members = [{ name: memberName(value), value, token: 1, alive: false, lease: '' }];
    const drainNamed = (ip: string) =>
      explainRegisteredHost(setHostState(ip, 'draining'), ip, () => members)(named);
    const alone = drainNamed('10.0.0.2');
    assert.ok(!alone.ok);
    assert.equal(alone.refusal.code, 'FAILED_PRECONDITION');
    assert.match(alone.refusal.message, /^Host 10\.0\.0\.2: 10\.0\.0\.2:80 \(db\.test:80\) comes from DNS/);
    const beside = drainNamed('10.0.0.1');
    assert.ok(beside.ok);
    assert.match(
      beside.notes?.join() ?? '',
      /^web\/10\.0\.0\.1:80 comes from the name db\.test:80 in DNS, so its state was not changed/,
    );
  });
});
