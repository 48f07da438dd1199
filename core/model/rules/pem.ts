/** Certificates of authorities, as PEM within the configuration. */
import { X509Certificate } from 'node:crypto';
import type { Read } from '../fields/field.ts';

const MAX_BYTES = 16_384;

export function readAuthorities(pem: string): Read<string> {
  const bytes = Buffer.byteLength(pem);
  if (bytes > MAX_BYTES) {
    return { ok: false, description: `has ${bytes} bytes; at most ${MAX_BYTES} are allowed` };
  }
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const damaged = certificates.findIndex((one) => !isCertificate(one));
  if (certificates.length > 0 && damaged < 0) return { ok: true, value: pem };
  const what =
    certificates.length === 0
      ? 'no PEM certificate'
      : `a certificate that can't be read, number ${damaged + 1} of ${certificates.length}`;
  const description = `has ${what}; write the certificates themselves, -----BEGIN CERTIFICATE----- included, not the name of a file`;
  return { ok: false, description };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
