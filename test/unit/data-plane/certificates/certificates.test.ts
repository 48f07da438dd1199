import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Certificates, type CertificateStatus } from '../../../../data-plane/certificates/certificates.ts';
import type { CertificateBundle } from '../../../../data-plane/tls/bundle.ts';
import { collectingLogger } from '../../../../harness/collecting-logger.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { makeCertificates } from '../../../../harness/programs/certificates.ts';
import { temporaryFolder } from '../../../../harness/programs/processes.ts';
import { present } from '../../../../harness/programs/real-servers.ts';

/** Over a folder with www.pem, which has its key, and split.pem, whose key is in split.key. */
function benchIn(t: TestContext) {
  const [folder, made] = [temporaryFolder(t), temporaryFolder(t)];
  const { server, client, ca } = makeCertificates(made, 'DNS:www.example.com');
  const pem = (one: typeof server) =>
    [one.cert, ca, one.key].map((file) => readFileSync(file, 'utf8')).join('');
  const file = (name: string) => join(folder, name);
  const write = (name: string, text: string) => writeFileSync(file(name), text, { mode: 0o600 });
  write('www.pem', pem(server));
  copyFileSync(client.cert, file('split.pem'));
  copyFileSync(client.key, file('split.key'));
  const clock = new FakeClock(Date.now() + 60_000);
  const { logger, said } = collectingLogger();
  const bundles: CertificateBundle[] = [];
  const statuses: (readonly CertificateStatus[])[] = [];
  let keys = 0;
  const open = (directory: string | null = folder) => {
    const certificates = new Certificates({
      directory: directory ?? undefined,
      clock,
      randomBytes: (count) => new Uint8Array(count).fill(++keys),
      logger,
      onBundle: (bundle) => bundles.push(bundle),
      onStatus: (now) => statuses.push(now),
    });
    t.after(() => certificates.stop());
    return certificates;
  };
  const sent = () => bundles.at(-1)?.certificates.map(({ name, keyPem }) => [name, keyPem.length > 200]);
  const problemOf = (name: string) => statuses.at(-1)?.find((status) => status.name === name)?.problem;
  return { bundles, clock, file, folder, open, pem, problemOf, said, sent, server, client, statuses, write };
}

/** A listener that terminates TLS. */
const uses = (certificates: readonly string[]) => ({ tls: { certificates } });

/** As two seconds do it. */
async function settle(certificates: Certificates): Promise<void> {
  for (let polls = 0; polls < 2; polls++) await certificates.readChanged();
}

describe('the certificates of a proxy', () => {
  it('reads those that listeners name, and no others', async (t) => {
    if (!present(t, 'openssl')) return;
    const { bundles, clock, open, sent, statuses } = benchIn(t);
    const certificates = open();
    await settle(certificates);
    assert.deepEqual([bundles, statuses], [[], []], 'nothing is read for nobody');
    await certificates.add([uses(['www', 'split'])]);
    assert.deepEqual(sent(), [
      ['www', true],
      ['split', true],
    ]);
    assert.equal(certificates.obstacle(uses(['www', 'split'])), null);
    assert.deepEqual(
      statuses
        .at(-1)
        ?.map(({ name, expiresAtMs, problem }) => [name, (expiresAtMs ?? 0) > clock.wallMs(), problem]),
      [
        ['www', true, ''],
        ['split', true, ''],
      ],
    );
    const before = bundles.length;
    certificates.keepOnly([uses(['www'])]);
    await settle(certificates);
    assert.deepEqual(
      statuses.at(-1)?.map(({ name }) => name),
      ['www'],
    );
    assert.equal(bundles.length, before, 'nothing changed for workers');
  });

  it('says what is missing, and takes it up when it comes', async (t) => {
    if (!present(t, 'openssl')) return;
    const { file, open, said, sent, write, pem, server } = benchIn(t);
    const certificates = open();
    rmSync(file('split.key'));
    await certificates.add([uses(['new', 'split', '../www'])]);
    const obstacles = [
      ['new', /^the certificate "new" is not in the --certificates directory of this proxy$/],
      ['split', /^the certificate "split" has no private key; append it to the file, or write it next to it/],
      ['../www', /^the certificate "..\/www" has no valid name$/],
    ] as const;
    for (const [name, words] of obstacles) assert.match(certificates.obstacle(uses([name])) ?? '', words);
    assert.equal(said.length, 3);
    await settle(certificates);
    assert.equal(said.length, 3, 'said once');
    write('new.pem', pem(server));
    await settle(certificates);
    assert.equal(certificates.obstacle(uses(['new'])), null);
    assert.deepEqual(sent(), [['new', true]]);
    const without = open(null);
    await without.add([uses(['www'])]);
    assert.match(without.obstacle(uses(['www'])) ?? '', /this proxy has no --certificates directory/);
  });

  it('uses the new one when a file was replaced, as certbot and Kubernetes do it', async (t) => {
    if (!present(t, 'openssl')) return;
    const { bundles, client, file, open, pem, server, write } = benchIn(t);
    write('first', pem(server));
    write('second', pem(client));
    rmSync(file('www.pem'));
    symlinkSync('first', file('www.pem'));
    const certificates = open();
    await certificates.add([uses(['www'])]);
    symlinkSync('second', file('next'));
    renameSync(file('next'), file('www.pem'));
    await certificates.readChanged();
    assert.equal(bundles.length, 1, 'it might be half written');
    await certificates.readChanged();
    assert.equal(bundles.length, 2);
    assert.notEqual(bundles[0]?.certificates[0]?.chainPem, bundles[1]?.certificates[0]?.chainPem);
    assert.deepEqual(bundles[0]?.ticketKeys, bundles[1]?.ticketKeys);
    await settle(certificates);
    assert.equal(bundles.length, 2);
  });

  it('goes on with the old one while the new one can not be used', async (t) => {
    if (!present(t, 'openssl')) return;
    const { bundles, file, open, pem, problemOf, said, server, statuses, write } = benchIn(t);
    const certificates = open();
    await certificates.add([uses(['www'])]);
    const [valid] = statuses.at(-1) ?? [];
    const whole = pem(server);
    const mistakes: readonly (readonly [string, RegExp])[] = [
      [whole.slice(0, -100), /^the certificate "www" ends in the middle of a PEM block/],
      [whole.replaceAll('PRIVATE KEY', 'SECRET'), /has no private key/],
      ['x'.repeat(300_000), /is not a file of at most 262144 bytes/],
    ];
    for (const [text, problem] of mistakes) {
      write('www.pem', text);
      await settle(certificates);
      assert.match(problemOf('www') ?? '', problem);
      assert.equal(statuses.at(-1)?.[0]?.expiresAtMs, valid?.expiresAtMs);
      assert.equal(certificates.obstacle(uses(['www'])), null);
      assert.match(
        said.at(-1) ?? '',
        /^warn a certificate cannot be used; the one that was read before stays/,
      );
    }
    rmSync(file('www.pem'));
    await settle(certificates);
    assert.match(problemOf('www') ?? '', /is not in the --certificates directory/);
    assert.equal(bundles.length, 1);
    write('www.pem', whole);
    await settle(certificates);
    assert.deepEqual([problemOf('www'), bundles.length], ['', 2]);
  });

  it('warns of a private key that everybody can read', async (t) => {
    if (!present(t, 'openssl')) return;
    const { file, open, said } = benchIn(t);
    const certificates = open();
    chmodSync(file('split.pem'), 0o644);
    await certificates.add([uses(['www', 'split'])]);
    const warned = () => said.filter((line) => line.includes('every user of this machine'));
    assert.deepEqual(warned(), []);
    chmodSync(file('split.key'), 0o604);
    await settle(certificates);
    assert.equal(warned().length, 1);
  });

  it('gives workers new keys for tickets twice a day', async (t) => {
    if (!present(t, 'openssl')) return;
    const { bundles, clock, open } = benchIn(t);
    const certificates = open();
    await certificates.add([uses(['www'])]);
    clock.advance(25 * 60 * 60_000);
    assert.deepEqual(
      bundles.map(({ ticketKeys }) => [ticketKeys.length, ticketKeys[0]]),
      [
        [80, 1],
        [80, 2],
        [80, 3],
      ],
    );
  });
});
