/** API servers of Kubernetes, as their clients and their checks see them: HTTPS with a certificate that nobody here knows. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Configuration } from '../../../harness/configurations/configuration.ts';
import { CLOSED, type Front } from '../../../harness/configurations/front.ts';
import { NamedServer, StatusPage } from '../../../harness/configurations/named-server.ts';
import { until } from '../../../harness/engine/tcp.ts';
import { makeCertificates } from '../../../harness/programs/certificates.ts';
import { eventually, temporaryFolder } from '../../../harness/programs/processes.ts';

/** Who answers over HTTPS and with which certificate; `closed` for none. */
function visitSecurely({ host, port }: Front): Promise<{ name: string; fingerprint: string }> {
  return new Promise((resolve) => {
    const request = get({ host, port, agent: false, rejectUnauthorized: false }, (response) => {
      const fingerprint = (response.socket as TLSSocket).getPeerCertificate().fingerprint256;
      let name = '';
      response.on('data', (chunk) => (name += String(chunk)));
      response.on('end', () => resolve({ name: name.trim(), fingerprint }));
    });
    request.on('error', () => resolve({ name: CLOSED, fingerprint: '' }));
  });
}

/** Waits until ten visits in a row are answered by these, each of them at least once. */
async function securelyServedBy(front: Front, ...names: readonly string[]): Promise<void> {
  await eventually(async () => {
    const visits = await Promise.all(Array.from({ length: 10 }, () => visitSecurely(front)));
    return [...new Set(visits.map(({ name }) => name))].sort().join() === names.join();
  }, `answers of ${names.join()}`);
}

/** X04, with two servers. */
export const kubernetesApi: Configuration = {
  name: 'kubernetes-api',
  network: 4,
  port: 6401,
  declare({ scope, network, front, begin }) {
    let pages: readonly StatusPage[];
    let certificate: string;
    begin(async () => {
      const { server } = makeCertificates(temporaryFolder(scope), 'DNS:somebody.else');
      const identity = { cert: readFileSync(server.cert, 'utf8'), key: readFileSync(server.key, 'utf8') };
      certificate = identity.cert;
      pages = ['11', '12'].map((host) => new StatusPage(scope, `${network}.${host}`, 6402, 200, identity));
      await Promise.resolve();
    });

    it('uses servers whose certificate nobody knows, and clients see just that certificate', async () => {
      await securelyServedBy(front, '11', '12');
      const { fingerprint } = await visitSecurely(front);
      assert.equal(fingerprint, new X509Certificate(certificate).fingerprint256);
      await until('a check', () => pages[0]?.requests.includes('GET /livez') === true);
    });

    it('uses no server that answers 403', async () => {
      const [page] = pages;
      assert.ok(page);
      page.status = 403;
      await securelyServedBy(front, '12');
    });

    it('uses no server that speaks no TLS', async () => {
      await pages[1]?.stop();
      await NamedServer.start(scope, `${network}.12`, 6402);
      await front.servedBy([CLOSED]);
    });
  },
};
