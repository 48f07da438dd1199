import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTokenRefused } from '../../../../../control-plane/store/etcd/etcd-errors.ts';
import { EtcdToken } from '../../../../../control-plane/store/etcd/etcd-token.ts';

const failure = (code: number, details: string) =>
  Object.assign(new Error(`${code} X: ${details}`), { code });

describe('a token', () => {
  it('is asked for once for all who wait, and again when somebody was refused with it', async () => {
    let made = 0;
    const token = new EtcdToken(async () => `token-${++made}`);
    const [one, two] = await Promise.all([token.metadata(1), token.metadata(1)]);
    assert.deepEqual(one.get('token'), ['token-1']);
    assert.equal(one, two);
    assert.equal(await token.forget(one), true);
    const next = await token.metadata(1);
    assert.deepEqual(next.get('token'), ['token-2']);
    // The second of two calls that were refused with the first one.
    assert.equal(await token.forget(two), true);
    assert.equal(await token.metadata(1), next);
  });

  it('is asked for again when asking failed', async () => {
    const answers = [Promise.reject(failure(14, 'away')), Promise.resolve('here')];
    const token = new EtcdToken(() => answers.shift() ?? assert.fail());
    await assert.rejects(token.metadata(1), /away/);
    assert.deepEqual((await token.metadata(1)).get('token'), ['here']);
  });

  it('is not sent where there is no user, nor where authentication is off', async () => {
    const nobody = new EtcdToken();
    const bare = await nobody.metadata(1);
    assert.deepEqual(bare.getMap(), {});
    assert.equal(await nobody.forget(bare), false);
    const off = new EtcdToken(() => Promise.reject(failure(9, 'etcdserver: authentication is not enabled')));
    assert.deepEqual((await off.metadata(1)).getMap(), {});
  });

  it('was refused only when nothing was done for its sake', () => {
    for (const error of [
      failure(16, 'etcdserver: invalid auth token'),
      failure(2, 'auth: revision in header is old'),
      failure(3, 'etcdserver: user name is empty'),
    ])
      assert.equal(isTokenRefused(error), true, error.message);
    for (const error of [failure(7, 'permission denied'), failure(14, 'away'), new Error('x'), undefined])
      assert.equal(isTokenRefused(error), false);
  });
});
