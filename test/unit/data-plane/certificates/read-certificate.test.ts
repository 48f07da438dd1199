import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readCertificate as readWith } from '../../../../data-plane/certificates/read-certificate.ts';
import { makeCertificates } from '../../../../harness/programs/certificates.ts';
import { temporaryFolder } from '../../../../harness/programs/processes.ts';
import { present } from '../../../../harness/programs/real-servers.ts';

/** Certificates are made after this line. */
const NOW_MS = Date.now() + 60_000;
const DAY_MS = 24 * 60 * 60_000;
const readCertificate = (pem: string, nowMs: number) => readWith(pem, 'it', nowMs);
const SUBJECT = 'DNS:WWW.example.com.,DNS:*.b.example.com,IP:127.0.0.1,DNS:www.example.com';

/** A certificate, the one that issued it and the authority of both, and keys. Texts in PEM. */
function madeIn(folder: string) {
  const file = (name: string) => join(folder, name);
  const text = (name: string) => readFileSync(file(name), 'utf8');
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  makeCertificates(folder, SUBJECT);
  writeFileSync(file('ca-extensions'), 'basicConstraints=CA:TRUE');
  const signed = (name: string, signer: string, ...extensions: readonly string[]) => {
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', file(`${name}.key`)];
    openssl('req', '-new', ...key, '-subj', `/CN=${name}`, '-out', file('request'));
    const by = ['-CA', file(`${signer}.pem`), '-CAkey', file(`${signer}.key`), '-CAcreateserial'];
    const out = ['-days', '2', '-out', file(`${name}.pem`)];
    openssl('x509', '-req', '-in', file('request'), ...by, ...extensions, ...out);
  };
  signed('issuer', 'ca', '-extfile', file('ca-extensions'));
  signed('Leaf.example.com', 'issuer');
  const encrypt = ['pkey', '-in', file('server.key'), '-passout', 'pass:secret', '-aes128'];
  openssl(...encrypt, '-out', file('locked.key'));
  openssl(...encrypt, '-traditional', '-out', file('old.key'));
  const short = ['-newkey', 'rsa:512', '-nodes', '-keyout', file('short.key'), '-out', file('short.pem')];
  openssl('req', '-x509', ...short, '-subj', '/CN=short', '-days', '2');
  return {
    root: text('ca.pem'),
    issuer: text('issuer.pem'),
    leaf: text('Leaf.example.com.pem'),
    leafKey: text('Leaf.example.com.key'),
    server: text('server.pem'),
    serverKey: text('server.key'),
    lockedKey: text('locked.key'),
    oldLockedKey: text('old.key'),
    short: text('short.pem') + text('short.key'),
  };
}

describe('a certificate in PEM', () => {
  it('is read with its chain and its key, whatever order they have', (t) => {
    if (!present(t, 'openssl')) return;
    const made = madeIn(temporaryFolder(t));
    const { leaf, issuer, root, leafKey, server, serverKey } = made;
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const cases: readonly (readonly [string, string, readonly string[], readonly RegExp[]])[] = [
      ['as certbot writes it', leaf + issuer + leafKey, [leaf, issuer], []],
      ['with the root', leaf + issuer + root + leafKey, [leaf, issuer, root], []],
      ['the key first, and comments', `a\n${leafKey}b\n${leaf}${issuer}`, [leaf, issuer], []],
      ['the lines of Windows', (leaf + issuer + leafKey).replaceAll('\n', '\r\n'), [leaf, issuer], []],
      ['out of order', issuer + leafKey + leaf, [leaf, issuer], [/not followed by its issuer/]],
      ['one too many', leaf + issuer + server + leafKey, [leaf, issuer], [/not followed by its issuer/]],
      ['without its issuer', leaf + leafKey, [leaf], [/without its issuer/]],
      ['with parameters', parameters + server + root + serverKey, [server, root], []],
    ];
    for (const [what, pem, chain, warnings] of cases) {
      const read = readCertificate(pem, NOW_MS);
      assert.equal(read.chainPem, chain.join(''), what);
      assert.equal(read.warnings.length, warnings.length, what);
      for (const [index, warning] of warnings.entries()) assert.match(read.warnings[index] ?? '', warning);
    }
  });

  it('says its names, and until when it is valid', (t) => {
    if (!present(t, 'openssl')) return;
    const { leaf, leafKey, root, server, serverKey } = madeIn(temporaryFolder(t));
    const read = (pem: string, nowMs = NOW_MS) => readCertificate(pem, nowMs);
    assert.deepEqual(read(server + root + serverKey).serverNames, ['www.example.com', '*.b.example.com']);
    assert.deepEqual(read(leaf + leafKey).serverNames, ['leaf.example.com'], 'of its common name');
    const { expiresAtMs } = read(server + root + serverKey);
    assert.ok(Math.abs(expiresAtMs - NOW_MS - 2 * DAY_MS) < DAY_MS / 2, String(expiresAtMs));
    const [expired] = read(server + root + serverKey, NOW_MS + 3 * DAY_MS).warnings;
    assert.match(expired ?? '', /^has expired on /);
    const [early] = read(server + root + serverKey, NOW_MS - DAY_MS).warnings;
    assert.match(early ?? '', /^is not valid before /);
  });

  it('is refused in words that show nothing of a key', (t) => {
    if (!present(t, 'openssl')) return;
    const { leaf, issuer, leafKey, lockedKey, oldLockedKey, root, server, serverKey, short } = madeIn(
      temporaryFolder(t),
    );
    const damagedKey = serverKey.replace(/\n.{20}/, `\n${'A'.repeat(20)}`);
    const damaged = server.replace(/\n.{20}/, `\n${'A'.repeat(20)}`);
    const cases: readonly (readonly [string, RegExp])[] = [
      ['', /^it has no certificate; write/],
      ['\0\xff no PEM at all', /^it has no certificate; write/],
      [serverKey, /^it has no certificate; write/],
      [server + root, /^it has no private key; append it to the file, or write it next to it as NAME\.key/],
      [server + serverKey.slice(0, 100), /^it ends in the middle of a PEM block/],
      [server.slice(0, 200) + serverKey, /^it ends in the middle of a PEM block/],
      [server + leafKey, /^it has a private key that does not belong to the certificate$/],
      [issuer + root + leafKey, /^it has a private key that does not belong to any of its 2 certificates$/],
      [leaf + leafKey + serverKey, /^it has 2 private keys, and one is allowed$/],
      [server + lockedKey, /^it has an encrypted private key/],
      [server + oldLockedKey, /^it has an encrypted private key/],
      [server + damagedKey, /^it has a private key that can't be read$/],
      [root + damaged + serverKey, /^it has a certificate that can't be read: number 2 of the file$/],
      [short, /^it can't be used by OpenSSL: .*key too small/],
    ];
    for (const [pem, words] of cases) {
      assert.throws(
        () => readCertificate(pem, NOW_MS),
        ({ message }: Error) => {
          assert.match(message, words);
          return !pem.split('\n').some((line) => line.length > 20 && message.includes(line));
        },
      );
    }
  });
});
