/**
 * The token of a user at one member of etcd.
 *
 * Invariants
 *  - asked for when it is needed, once for all who wait, and kept until somebody was refused with it;
 *  - a token per member: one that was started again knows none, while the others still know theirs.
 */
import { Metadata, status } from '@grpc/grpc-js';

export class EtcdToken {
  readonly #authenticate: ((deadline: number) => Promise<string>) | undefined;
  #metadata: Promise<Metadata> | undefined;

  /** Without `authenticate` there is no user, and calls go out without a token. */
  constructor(authenticate?: (deadline: number) => Promise<string>) {
    this.#authenticate = authenticate;
  }

  /** What to send along with a call. */
  metadata(deadline: number): Promise<Metadata> {
    this.#metadata ??= this.#ask(deadline).catch((error: unknown) => {
      this.#metadata = undefined;
      throw error;
    });
    return this.#metadata;
  }

  /** It was refused. Whether another try can help: not without a user. */
  async forget(refused: Metadata): Promise<boolean> {
    if (this.#authenticate === undefined) return false;
    // Another call may have been refused before, and have brought a new one.
    if ((await this.#metadata?.catch(() => undefined)) === refused) this.#metadata = undefined;
    return true;
  }

  async #ask(deadline: number): Promise<Metadata> {
    const metadata = new Metadata();
    if (this.#authenticate === undefined) return metadata;
    try {
      metadata.set('token', await this.#authenticate(deadline));
    } catch (error) {
      // As etcd's own client does: with authentication off, everybody may do everything.
      if (!isAuthenticationOff(error)) throw error;
    }
    return metadata;
  }
}

/** A call was refused for its token alone: it is unknown, too old, or missing. Nothing was done. */
export function isTokenRefused(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === status.UNAUTHENTICATED || TOKEN_REFUSALS.some((text) => error.message.includes(text));
}

/** Said with other codes than UNAUTHENTICATED, by one version or another. */
const TOKEN_REFUSALS = ['invalid auth token', 'revision in header is old', 'user name is empty'];

function isAuthenticationOff(error: unknown): boolean {
  return error instanceof Error && error.message.includes('authentication is not enabled');
}
