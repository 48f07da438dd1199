/** TLS towards a server that is checked: whom to trust, and what a failed handshake means in words. */
import { type ConnectionOptions, createSecureContext, type SecureContext } from 'node:tls';
import type { TlsCheck } from '../../core/model/resources.ts';

/** One for all checks of a policy; it goes with the policy. No session is kept: every check makes a whole handshake. */
const contexts = new WeakMap<TlsCheck, SecureContext>();

export function tlsOptions(tls: TlsCheck): ConnectionOptions {
  const secureContext = contexts.get(tls) ?? createSecureContext(trusted(tls));
  contexts.set(tls, secureContext);
  return { servername: tls.serverName, rejectUnauthorized: tls.verify, secureContext };
}

/** Node's own authorities are many, and not needed where nothing is verified. */
function trusted({ verify, ca }: TlsCheck): { ca?: string | [] } {
  if (!verify) return { ca: [] };
  return ca === '' ? {} : { ca };
}

/** `name`: whom the certificate should be for. Without what the server wrote: Node's message has all its names in it. */
export function tlsWords(error: Error & { code?: string; reason?: string }, name: string): string {
  if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the certificate is not for ${name}`;
  if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'the server does not speak TLS';
  // OpenSSL's own words, or Node's for a certificate.
  return error.reason ?? error.message;
}
