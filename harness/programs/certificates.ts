/** An authority of its own and certificates signed by it, made with openssl in a folder of the test. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files in PEM. */
interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly ca: string;
  /** For 127.0.0.1 and localhost, unless another subject was wanted. */
  readonly server: KeyPair;
  /** Its common name is `equipoise`. */
  readonly client: KeyPair;
}

const LOCAL = 'IP:127.0.0.1,DNS:localhost';

/** `subject` is whom the certificates are for, when it is somebody else. */
export function makeCertificates(folder: string, subject = LOCAL): Certificates {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const newKey = (name: string) => [...elliptic, '-keyout', file(`${name}.key`)];
  const [ca, caKey, extensions] = [file('ca.pem'), file('ca.key'), file('extensions')];
  openssl('req', '-x509', ...newKey('ca'), '-subj', '/CN=authority', '-days', '2', '-out', ca);
  const lines = [
    'basicConstraints=CA:FALSE',
    'extendedKeyUsage=serverAuth,clientAuth',
    `subjectAltName=${subject}`,
  ];
  writeFileSync(extensions, lines.join('\n'));
  const signed = (name: string, commonName: string): KeyPair => {
    const [request, cert] = [file(`${name}.csr`), file(`${name}.pem`)];
    openssl('req', '-new', ...newKey(name), '-subj', `/CN=${commonName}`, '-out', request);
    const signer = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-extfile', extensions];
    openssl('x509', '-req', '-in', request, ...signer, '-days', '2', '-out', cert);
    return { cert, key: file(`${name}.key`) };
  };
  return { ca, server: signed('server', 'etcd'), client: signed('client', 'equipoise') };
}
