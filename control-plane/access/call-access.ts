/** Which gRPC calls are allowed with which token. Pure except for the tokens, which may change. */
import { LbError } from '../../core/runtime/errors.ts';
import type { AcceptedTokens } from '../../core/runtime/token-file.ts';

/** Open to probes, which have no token and learn only whether this replica serves. */
export const HEALTH_METHODS = '/grpc.health.v1.Health/';

/** Why a call with this `authorization` is refused; null: it is allowed. Without tokens every call is. */
export function refuseCall(
  tokens: AcceptedTokens | undefined,
  path: string,
  authorization: string | undefined,
): LbError | null {
  if (tokens === undefined || path.startsWith(HEALTH_METHODS)) return null;
  if (tokens.accepts(bearerOf(authorization))) return null;
  const what =
    authorization === undefined
      ? 'this control plane wants a token, and the call has none'
      : 'this control plane does not accept the token of the call';
  const message = `${what}; pass a token from its --token-file: with --token-file FILE (LB_TOKEN_FILE, for lbctl LBCTL_TOKEN_FILE), or as metadata "authorization: Bearer TOKEN"`;
  return new LbError('UNAUTHENTICATED', message);
}

/** The token in `Bearer TOKEN`; empty, which no control plane accepts, in anything else. */
export function bearerOf(authorization = ''): string {
  return /^bearer +(.*)$/i.exec(authorization)?.[1]?.trim() ?? '';
}
