/** What workers terminate TLS with. The main thread reads and validates it, and sends it before a plan that needs it. */

/** A certificate of the folder, under the name that listeners use. */
export interface Certificate {
  readonly name: string;
  /** The names that it is valid for: lower case, without a trailing dot, `*.` first for a wildcard. */
  readonly serverNames: readonly string[];
  /** The certificate, then those that issued it. */
  readonly chainPem: string;
  /** Its private key, not encrypted. */
  readonly keyPem: string;
}

/** Replaces the bundle before as a whole. Connections keep what they began with. */
export interface CertificateBundle {
  /** Of every listener that runs or is about to. */
  readonly certificates: readonly Certificate[];
  /**
   * 80 bytes of chance (a name of 16, then 32 for HMAC and 32 for AES), the same in all workers: what the tickets of
   * sessions are encrypted with. A ticket of other keys is ignored, and costs its client a whole handshake.
   */
  readonly ticketKeys: Uint8Array;
}
