/** Who may ask this control plane, and for what. Pure but for the tokens, which may change. */
import { LbError } from '../../core/runtime/errors.ts';
import type { AcceptedTokens } from '../../core/runtime/token-file.ts';

/** Probes know no token, and learn only whether this replica serves. */
export const HEALTH_METHODS = '/grpc.health.v1.Health/';

const HOW =
  'give the one in its --token-file: with --token-file FILE (LB_TOKEN_FILE, for lbctl LBCTL_TOKEN_FILE)';

/** Why a gRPC method is refused to a call with this `authorization`; null: it is not. No tokens: all are welcome. */
export function refuseCall(
  tokens: AcceptedTokens | undefined,
  path: string,
  authorization: string | undefined,
): LbError | null {
  if (tokens === undefined || path.startsWith(HEALTH_METHODS)) return null;
  if (tokens.accepts(bearerOf(authorization))) return null;
  const what =
    authorization === undefined
      ? 'this control plane wants a token, and none came with the call'
      : 'the token that came with the call is none that this control plane accepts';
  return new LbError('UNAUTHENTICATED', `${what}; ${HOW}, or as metadata "authorization: Bearer TOKEN"`);
}

/** The token in `Bearer TOKEN`; empty, which is none, where there is something else. */
export function bearerOf(authorization = ''): string {
  return /^bearer +(.*)$/i.exec(authorization)?.[1]?.trim() ?? '';
}
