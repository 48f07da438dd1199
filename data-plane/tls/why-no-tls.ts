import { loadOpenSsl } from '../kernel/openssl.ts';

interface MayHaveTls {
  readonly tls: object | null;
}

/** Why this proxy can't run a listener that needs TLS, in words; null: it can. `pool`: the one that it leads to. */
export function whyNoTls(listener: MayHaveTls, pool: MayHaveTls | undefined): string | null {
  if (listener.tls === null && !pool?.tls) return null;
  const { reason } = loadOpenSsl();
  return reason && `this proxy has no TLS: ${reason}; run it with the Node release that it is packaged for`;
}
