/**
 * A user's token at one endpoint of etcd.
 *
 * Invariants
 *  - it is requested when it is needed, once for all callers that wait, and kept until a call was refused for it;
 *  - each endpoint has its own: an etcd process that was restarted knows no token, while the others still know theirs.
 */
import { Metadata } from '@grpc/grpc-js';
import { isAuthenticationOff } from './etcd-errors.ts';

export class EtcdToken {
  readonly #authenticate: ((deadline: number) => Promise<string>) | undefined;
  #metadata: Promise<Metadata> | undefined;

  /** Without `authenticate` there is no user, and calls go out without a token. */
  constructor(authenticate?: (deadline: number) => Promise<string>) {
    this.#authenticate = authenticate;
  }

  /** What to send along with a call. */
  metadata(deadline: number): Promise<Metadata> {
    this.#metadata ??= this.#request(deadline).catch((error: unknown) => {
      this.#metadata = undefined;
      throw error;
    });
    return this.#metadata;
  }

  /** A call was refused for this token. Returns whether another try can help: not without a user. */
  async forget(refused: Metadata): Promise<boolean> {
    if (this.#authenticate === undefined) return false;
    // Another call may have been refused before and have brought a new token.
    if ((await this.#metadata?.catch(() => undefined)) === refused) this.#metadata = undefined;
    return true;
  }

  async #request(deadline: number): Promise<Metadata> {
    const metadata = new Metadata();
    if (this.#authenticate === undefined) return metadata;
    try {
      metadata.set('token', await this.#authenticate(deadline));
    } catch (error) {
      // With authentication off, everybody may do everything; etcd's own client goes on without a token as well.
      if (!isAuthenticationOff(error)) throw error;
    }
    return metadata;
  }
}
