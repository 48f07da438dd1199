import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type EtcdFlags, readEtcdAccess } from '../../../../../control-plane/store/etcd/etcd-flags.ts';
import { makeCertificates } from '../../../../../harness/programs/certificates.ts';
import { temporaryFolder } from '../../../../../harness/programs/processes.ts';
import { present } from '../../../../../harness/programs/real-servers.ts';

function problemsOf(flags: EtcdFlags, store: 'etcd' | 'lmdb' = 'etcd'): readonly string[] {
  const read = readEtcdAccess(flags, store);
  assert.ok(!read.ok, 'it was accepted');
  return read.problems;
}

describe('the flags of etcd', () => {
  it('may all be left out, whatever the store', () => {
    for (const store of ['etcd', 'lmdb'] as const)
      assert.deepEqual(readEtcdAccess({}, store), { ok: true, access: { prefix: '/equipoise/' } });
  });

  it('are read from their files, and the password each time that it is wanted', (t) => {
    if (!present(t, 'openssl')) return;
    const folder = temporaryFolder(t);
    const { ca, client } = makeCertificates(folder);
    const etcdPasswordFile = join(folder, 'password');
    writeFileSync(etcdPasswordFile, ' pass word \r\n');
    const files = { etcdCa: ca, etcdCert: client.cert, etcdKey: client.key };
    const read = readEtcdAccess(
      { ...files, etcdUser: 'lb', etcdPasswordFile, etcdPrefix: '/a/b-1/' },
      'etcd',
    );
    assert.ok(read.ok);
    const { prefix, tls, user } = read.access;
    assert.equal(prefix, '/a/b-1/');
    assert.match(String(tls?.ca), /BEGIN CERTIFICATE/);
    assert.match(String(tls?.identity?.key), /BEGIN PRIVATE KEY/);
    assert.equal(user?.readPassword(), ' pass word ');
    writeFileSync(etcdPasswordFile, 'new');
    assert.equal(user?.readPassword(), 'new');
  });

  it('are refused with all that is wrong at once', (t) => {
    if (!present(t, 'openssl')) return;
    const folder = temporaryFolder(t);
    const { client, server, ca } = makeCertificates(folder);
    const empty = join(folder, 'empty');
    writeFileSync(empty, '\n');
    const expect = (flags: EtcdFlags, ...says: readonly RegExp[]) => {
      const problems = problemsOf(flags);
      assert.equal(problems.length, says.length, problems.join('\n'));
      for (const [index, pattern] of says.entries()) assert.match(problems[index] ?? '', pattern);
    };
    expect(
      { etcdPrefix: 'east', etcdKey: client.key, etcdCa: '/nowhere', etcdUser: 'lb' },
      /^--etcd-prefix "east" is not allowed: .*such as \/equipoise\//,
      /^--etcd-key needs --etcd-cert/,
      /^--etcd-ca \/nowhere can't be read: ENOENT/,
      /^--etcd-user needs --etcd-password-file/,
    );
    expect({ etcdCert: client.cert }, /^--etcd-cert needs --etcd-key/);
    expect({ etcdCa: client.key }, /^--etcd-ca .*client\.key holds no certificate in PEM/);
    expect({ etcdCert: ca, etcdKey: ca }, /^--etcd-key .*ca\.pem holds no private key in PEM/);
    expect({ etcdCert: client.cert, etcdKey: server.key }, /^--etcd-key .* is not the key of --etcd-cert/);
    expect({ etcdPasswordFile: client.key }, /^--etcd-password-file needs --etcd-user/);
    expect(
      { etcdUser: '', etcdPasswordFile: empty },
      /^--etcd-user is empty/,
      /empty is empty: write the password/,
    );
    for (const etcdPrefix of ['', '/', '/a', 'a/', '//', '/a//b/', '/a b/', `/${'a'.repeat(200)}/`])
      expect({ etcdPrefix }, /^--etcd-prefix/);
  });

  it('are each refused where the store is no etcd', () => {
    assert.deepEqual(problemsOf({ etcdCa: '/nowhere', etcdPrefix: '/a/' }, 'lmdb'), [
      '--etcd-ca is for --store etcd:..., but the store is lmdb; leave it out',
      '--etcd-prefix is for --store etcd:..., but the store is lmdb; leave it out',
    ]);
  });
});
