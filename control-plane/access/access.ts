/** Who may ask this control plane, and for what. Pure but for the tokens, which may change. */
import { LbError } from '../../core/runtime/errors.ts';
import { type HttpAnswer, json } from '../../core/runtime/http-server.ts';
import type { AcceptedTokens } from '../../core/runtime/token-file.ts';

/** Probes know no token, and learn only whether this replica serves. */
export const HEALTH_METHODS = '/grpc.health.v1.Health/';
/** For probes and scrapers: no configuration, only that it runs and how much it does. */
const OPEN_PATHS: readonly string[] = ['/metrics', '/healthz', '/readyz'];

const HOW =
  'give the one in its --token-file: with --token-file FILE (LB_TOKEN_FILE, for lbctl LBCTL_TOKEN_FILE)';

/** Why a gRPC method is refused to a call with this `authorization`; null: it is not. No tokens: all are welcome. */
export function refuseCall(
  tokens: AcceptedTokens | undefined,
  path: string,
  authorization: string | undefined,
): LbError | null {
  if (tokens === undefined || path.startsWith(HEALTH_METHODS)) return null;
  const [scheme, given] = credentials(authorization);
  if (scheme === 'bearer' && tokens.accepts(given)) return null;
  const what =
    authorization === undefined
      ? 'this control plane wants a token, and none came with the call'
      : 'the token that came with the call is none that this control plane accepts';
  return new LbError('UNAUTHENTICATED', `${what}; ${HOW}, or as metadata "authorization: Bearer TOKEN"`);
}

/**
 * The same for an HTTP path: what to answer instead of the page. Browsers ask for a name and a password by
 * themselves; the token is the password, the name does not matter.
 */
export function refusePage(
  tokens: AcceptedTokens | undefined,
  path: string,
  authorization: string | undefined,
): HttpAnswer | null {
  if (tokens === undefined || OPEN_PATHS.includes(path)) return null;
  const [scheme, given] = credentials(authorization);
  if (scheme === 'bearer' && tokens.accepts(given)) return null;
  if (scheme === 'basic' && tokens.accepts(passwordIn(given))) return null;
  const error = `this page wants a token of this control plane's --token-file: "Authorization: Bearer TOKEN", or the token as the password of any user`;
  return {
    ...json(401, { error }),
    headers: { 'www-authenticate': 'Basic realm="Equipoise", charset="UTF-8"' },
  };
}

/** Of `Bearer abc`: bearer and abc. */
function credentials(authorization = ''): readonly [scheme: string, given: string] {
  const [, scheme = '', given = ''] = /^([A-Za-z]+) +(.*)$/.exec(authorization) ?? [];
  return [scheme.toLowerCase(), given.trim()];
}

function passwordIn(encoded: string): string {
  const decoded = Buffer.from(encoded, 'base64').toString();
  return decoded.slice(decoded.indexOf(':') + 1);
}
