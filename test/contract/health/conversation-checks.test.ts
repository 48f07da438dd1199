/** Checks that talk with a server, over TCP and over TLS, against servers that misbehave in every way we know. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { TLS_CHECK_DEFAULTS } from '../../../core/model/defaults.ts';
import type { HealthCheck } from '../../../core/model/resources.ts';
import { checkerByType } from '../../../data-plane/health/checker-by-type.ts';
import type { CheckResult } from '../../../data-plane/health/checker.ts';
import { until, within } from '../../../harness/engine/tcp.ts';
import { makeCertificates } from '../../../harness/programs/certificates.ts';
import { temporaryFolder } from '../../../harness/programs/processes.ts';
import { HEAR, PlayingServer } from '../../../harness/proxy/playing-server.ts';
import { clock, HTTP_CASES, PASSED, SCRIPT_CASES } from './conversation-cases.ts';

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

async function checked(check: HealthCheck, server: PlayingServer): Promise<string> {
  const before = sockets();
  const result = await within(
    'the result of a check',
    new Promise<CheckResult>((resolve) => void checker.check(server.target, check, resolve)),
  );
  assert.equal(clock.pending, 0, 'a timer is left');
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
          if (wanted === PASSED) assert.equal(result, PASSED);
          else assert.match(result, new RegExp(`^${wanted}$`));
        });
  });
