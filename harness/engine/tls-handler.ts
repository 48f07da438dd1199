/** The part of a scripted handler that secures both sides of its connections. */
import assert from 'node:assert/strict';
import type { TlsHandler } from '../../data-plane/engine/engine.ts';
import { loadOpenSsl, type OpenSsl } from '../../data-plane/kernel/openssl.ts';
import { OpenSslContexts } from '../../data-plane/kernel/openssl-contexts.ts';

export interface TlsSettings {
  readonly chainPem: string;
  readonly keyPem: string;
  readonly alpn?: readonly string[];
}

/** For how many sides OpenSSL has something in this thread. */
export function securedSides(): number {
  return openSslOrFail().open;
}

/** Both sides of every connection have TLS; nothing is verified. */
export function tlsHandler(settings: TlsSettings, choose: () => number): TlsHandler {
  const contexts = new OpenSslContexts(openSslOrFail());
  const server = contexts.server({
    alpn: [],
    ...settings,
    minVersion: '1.2',
    clientCa: '',
    clientCertificate: 'none',
    ticketKeys: new Uint8Array(80),
    identity: new Uint8Array(32),
  });
  const client = contexts.client({ serverName: '', serverIp: null, verify: false, ca: '' });
  return {
    serverContext: () => server,
    onTerminated: choose,
    onTerminationFailed: () => {},
    backendTls: () => ({ context: client, nameAt: 0, expectsAddress: false }),
  };
}

function openSslOrFail(): OpenSsl {
  const { openSsl, reason } = loadOpenSsl();
  return openSsl ?? assert.fail(reason);
}
