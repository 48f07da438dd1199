/** Checks that talk with a server, over TCP and over TLS, against servers that misbehave in every way we know. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TLS_CHECK_DEFAULTS } from '../../../core/model/defaults.ts';
import type { HealthCheck, TlsCheck } from '../../../core/model/resources.ts';
import { checkerByType } from '../../../data-plane/health/checker-by-type.ts';
import type { CheckResult } from '../../../data-plane/health/checker.ts';
import { until, within } from '../../../harness/engine/tcp.ts';
import { makeCertificates } from '../../../harness/programs/certificates.ts';
import { temporaryFolder } from '../../../harness/programs/processes.ts';
import { END, HEAR, PlayingServer, RESET } from '../../../harness/proxy/playing-server.ts';
import { BASE, clock, HTTP_CASES, LATE, PASSED, SCRIPT_CASES } from './conversation-cases.ts';

const checker = checkerByType({ engine: 'portable', libc: null, clock, sourceAddresses: [] });

const certificates = (() => {
  const folder = temporaryFolder({ after });
  const [trusted, other] = [join(folder, 'trusted'), join(folder, 'other')];
  for (const made of [trusted, other]) mkdirSync(made);
  const { ca, server } = makeCertificates(trusted, 'DNS:db.example.com');
  const stranger = makeCertificates(other, 'DNS:db.example.com');
  const read = ({ key, cert }: typeof server) => ({ key: readFileSync(key), cert: readFileSync(cert) });
  return { ca: readFileSync(ca, 'utf8'), server: read(server), stranger: read(stranger.server) };
})();

/** Sockets of this process, on both sides. */
const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

/** `passed`, or the reason. Nothing is left of the check. */
async function checked(check: HealthCheck, server: PlayingServer): Promise<string> {
  const before = sockets();
  const result = await within(
    'the result of a check',
    new Promise<CheckResult>((resolve) => void checker.check(server.target, check, resolve)),
  );
  assert.equal(clock.pending, 0, 'a timer is left');
  await until('the server has seen an end', () => server.clients.every(({ how }) => how !== ''));
  server.stop();
  await until('no socket is left', () => sockets() <= before);
  if (result.type === 'passed') return PASSED;
  assert.equal(result.type, 'failed');
  assert.ok(result.reason.length <= 200 && !/\p{Cc}/u.test(result.reason), result.reason);
  return result.reason.replaceAll(`:${server.target.port}`, ':PORT');
}

for (const certificate of [undefined, certificates.server])
  describe(`a check over ${certificate ? 'TLS' : 'TCP'}`, () => {
    for (const [protocol, cases] of Object.entries({ HTTP: HTTP_CASES, 'a script': SCRIPT_CASES }))
      for (const [what, plain, moves, wanted] of cases)
        it(`by ${protocol}: ${what}`, async () => {
          const check: HealthCheck = certificate
            ? { ...plain, type: plain.http ? 'https' : 'script', tls: TLS_CHECK_DEFAULTS }
            : plain;
          const server = await PlayingServer.start([HEAR, ...moves], certificate);
          const result = await checked(check, server);
          if (wanted !== PASSED) return assert.match(result, new RegExp(`^${wanted}$`));
          assert.equal(result, PASSED);
          const isCut = moves.some((move) => typeof move === 'object');
          if (!isCut) assert.equal(server.clients[0]?.how, 'end', 'the server sees an orderly end');
        });
  });

/** What is below the conversation: certificates, and servers that break off the handshake. */
const tls = (parts: Partial<TlsCheck>): HealthCheck => ({
  ...BASE,
  type: 'tls',
  tls: { ...TLS_CHECK_DEFAULTS, ...parts },
});
const { ca, server: known, stranger } = certificates;
const NAMED = { verify: true, ca, serverName: 'db.example.com' };
const ALERT = '\x15\x03\x03\0\x02\x02\x28';
const FAILED = 'the TLS handshake failed:';

describe('a check by a TLS handshake', () => {
  for (const [what, parts, certificate, moves, wanted] of [
    ['a certificate that nobody verifies', {}, stranger, [], PASSED],
    ['a certificate of the authority', NAMED, known, [], PASSED],
    [
      'one of another authority',
      NAMED,
      stranger,
      [],
      `${FAILED} (unable to .*|certificate signature failure)`,
    ],
    [
      'none of Node’s authorities',
      { ...NAMED, ca: '' },
      known,
      [],
      `${FAILED} unable to verify the first certificate`,
    ],
    [
      'another name',
      { ...NAMED, serverName: 'db.example.org' },
      known,
      [],
      `${FAILED} the certificate is not for db.example.org`,
    ],
    [
      'no name, and a certificate without the address',
      { ...NAMED, serverName: '' },
      known,
      [],
      `${FAILED} the certificate is not for 127.0.0.1`,
    ],
    [
      'an authority that is no certificate',
      { ...NAMED, ca: 'x' },
      known,
      [],
      `${FAILED} unable to verify the first certificate`,
    ],
    [
      'a server without TLS',
      {},
      undefined,
      ['SSH-2.0-OpenSSH_9.2\r\n'],
      `${FAILED} the server does not speak TLS`,
    ],
    ['an alert', {}, undefined, [ALERT], `${FAILED} sslv3 alert handshake failure`],
    ['an end', {}, undefined, [END], `${FAILED} the server closed the connection`],
    ['a reset', {}, undefined, [RESET], `${FAILED} connection reset`],
    ['silence', {}, undefined, [LATE], 'timed out after 2s waiting for the TLS handshake'],
    ['junk that never ends', {}, undefined, [{ forever: '\x16\x03\x03\0\0' }], `${FAILED} .+`],
  ] as const)
    it(`${what}: ${wanted}`, async () => {
      const server = await PlayingServer.start([HEAR, ...moves], certificate);
      assert.match(await checked(tls(parts), server), new RegExp(`^${wanted}$`));
    });
});
