/**
 * Contexts of OpenSSL: what connections of one kind share. A context is freed once its owner and its last connection
 * have let go of it, because OpenSSL counts who uses it.
 */
import { rootCertificates } from 'node:tls';
import type { OpenSsl } from './openssl.ts';

const OPTIONS = { noRenegotiation: 2 ** 30, noCompression: 2 ** 17 } as const;
/** Partial writes, from memory that may move; buffers are released while a connection is silent. */
const MODES = 0x1 | 0x2 | 0x10;
const CONTROL = {
  mode: 33,
  readAhead: 41,
  sessionCache: 44,
  ticketKeys: 59,
  chainCertificate: 89,
  minVersion: 123,
} as const;
const VERSIONS = { '1.2': 0x0303, '1.3': 0x0304 } as const;
/** Of TLS 1.2, those with forward secrecy and authenticated encryption. TLS 1.3 has no others. */
const CIPHERS = ['ECDSA', 'RSA']
  .flatMap((kind) =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map(
      (cipher) => `ECDHE-${kind}-${cipher}`,
    ),
  )
  .join(':');
/** SSL_VERIFY_PEER, and SSL_VERIFY_FAIL_IF_NO_PEER_CERT. */
const VERIFY = { none: 0, optional: 1, required: 3 } as const;
const ALPN = { chosen: 0, refused: 2 } as const;
const NEGOTIATED = 1;

export interface ServerSettings {
  readonly chainPem: string;
  readonly keyPem: string;
  readonly minVersion: keyof typeof VERSIONS;
  /** In the order of preference. None: whatever a client offers is ignored. */
  readonly alpn: readonly string[];
  readonly clientCa: string;
  readonly clientCertificate: keyof typeof VERIFY;
  readonly ticketKeys: Uint8Array;
  /** Up to 32 bytes: sessions resume only where it is the same. */
  readonly identity: Uint8Array;
}

export interface ClientSettings {
  /** The name or the IP address that a certificate must be for; empty: see `OpenSsl.expectIp`. */
  readonly serverName: string;
  readonly serverIp: Uint8Array | null;
  readonly verify: boolean;
  /** Empty: the authorities that Node brings. */
  readonly ca: string;
}

export class OpenSslContexts {
  readonly #openSsl: OpenSsl;
  /** Lists of protocols as they are on the wire: each once, and for the life of the thread, as connections use them. */
  readonly #protocols = new Map<string, Uint8Array>();
  /** Server names, for the life of the thread as well. */
  readonly #names = new Map<string, Uint8Array>();
  readonly #lengths = new Map<number, number>();
  #selectProtocol = 0;
  #authorities = 0;

  constructor(openSsl: OpenSsl) {
    this.#openSsl = openSsl;
  }

  /** Throws an error that says what is wrong with the settings. */
  server(settings: ServerSettings): number {
    return this.#make(settings.minVersion, (context) => {
      const { native, ffi } = this.#openSsl;
      this.#useCertificate(context, settings);
      const { ticketKeys, identity } = settings;
      native.SSL_CTX_ctrl(context, CONTROL.sessionCache, 0, 0);
      native.SSL_CTX_ctrl(context, CONTROL.ticketKeys, ticketKeys.length, ffi.address(ticketKeys));
      native.SSL_CTX_set_session_id_context(context, ffi.address(identity), identity.length);
      native.SSL_CTX_set_verify(context, VERIFY[settings.clientCertificate], 0);
      if (settings.clientCertificate !== 'none') this.#trust(context, settings.clientCa, true);
      if (settings.alpn.length > 0) this.#offer(context, settings.alpn);
    });
  }

  /** Throws an error that says what is wrong with the settings. */
  client({ serverName, serverIp, verify, ca }: ClientSettings): number {
    return this.#make('1.2', (context) => {
      const { native, ffi } = this.#openSsl;
      native.SSL_CTX_set_verify(context, verify ? VERIFY.optional : VERIFY.none, 0);
      if (!verify) return;
      if (ca !== '') this.#trust(context, ca, false);
      else native.SSL_CTX_set1_cert_store(context, this.#nodesAuthorities());
      const expected = native.SSL_CTX_get0_param(context);
      if (serverIp !== null)
        native.X509_VERIFY_PARAM_set1_ip(expected, ffi.address(serverIp), serverIp.length);
      else if (serverName !== '') native.X509_VERIFY_PARAM_set1_host(expected, serverName, 0);
    });
  }

  /** Where a name is, ended by a zero. */
  nameAt(name: string): number {
    const text = this.#names.get(name) ?? new Uint8Array(Buffer.from(`${name}\0`, 'latin1'));
    this.#names.set(name, text);
    return this.#openSsl.ffi.address(text);
  }

  free(context: number): void {
    if (context === 0) return;
    this.#openSsl.native.SSL_CTX_free(context);
  }

  #make(minVersion: keyof typeof VERSIONS, fill: (context: number) => void): number {
    const { native } = this.#openSsl;
    native.ERR_clear_error();
    const context = native.SSL_CTX_new(native.TLS_method());
    if (context === 0) throw new Error('there is no memory for a context');
    try {
      native.SSL_CTX_set_options(context, OPTIONS.noRenegotiation + OPTIONS.noCompression);
      native.SSL_CTX_ctrl(context, CONTROL.mode, MODES, 0);
      native.SSL_CTX_ctrl(context, CONTROL.readAhead, 1, 0);
      native.SSL_CTX_ctrl(context, CONTROL.minVersion, VERSIONS[minVersion], 0);
      this.#demand('the list of ciphers', native.SSL_CTX_set_cipher_list(context, CIPHERS));
      fill(context);
      return context;
    } catch (error) {
      this.free(context);
      throw error;
    } finally {
      native.ERR_clear_error();
    }
  }

  #useCertificate(context: number, { chainPem, keyPem }: ServerSettings): void {
    const { native } = this.#openSsl;
    let isFirst = true;
    this.#eachCertificate(chainPem, (certificate) => {
      const result = isFirst
        ? native.SSL_CTX_use_certificate(context, certificate)
        : native.SSL_CTX_ctrl(context, CONTROL.chainCertificate, 1, certificate);
      this.#demand('the certificate', result);
      isFirst = false;
    });
    const [key] = this.#readPem(keyPem, native.PEM_read_bio_PrivateKey, 1);
    if (key === undefined) throw new Error('the private key can not be read');
    const result = native.SSL_CTX_use_PrivateKey(context, key);
    native.EVP_PKEY_free(key);
    this.#demand('the private key', result);
  }

  #trust(context: number, ca: string, isAnnounced: boolean): void {
    const { native } = this.#openSsl;
    const store = native.SSL_CTX_get_cert_store(context);
    this.#eachCertificate(ca, (certificate) => {
      this.#demand('an authority', native.X509_STORE_add_cert(store, certificate));
      if (isAnnounced) native.SSL_CTX_add_client_CA(context, certificate);
    });
  }

  /** Read once in each thread that needs them: 20 ms. */
  #nodesAuthorities(): number {
    if (this.#authorities !== 0) return this.#authorities;
    const { native } = this.#openSsl;
    const store = native.X509_STORE_new();
    this.#eachCertificate(rootCertificates.join('\n'), (certificate) => {
      native.X509_STORE_add_cert(store, certificate);
    });
    this.#authorities = store;
    return store;
  }

  /** A client that offers protocols of which the list has none is refused with the alert of RFC 7301. */
  #offer(context: number, alpn: readonly string[]): void {
    const { native, ffi } = this.#openSsl;
    const wire = alpn.map((name) => String.fromCharCode(name.length) + name).join('');
    const list = this.#protocols.get(wire) ?? new Uint8Array(Buffer.from(wire, 'latin1'));
    const at = ffi.address(list);
    this.#protocols.set(wire, list);
    this.#lengths.set(at, list.length);
    this.#selectProtocol ||= ffi.callback(
      'int SelectProtocol(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uint32_t, uintptr_t)',
      (_ssl = 0, out = 0, outLength = 0, offered = 0, length = 0, ours = 0) => {
        const ourLength = this.#lengths.get(ours) ?? 0;
        const result = native.SSL_select_next_proto(out, outLength, ours, ourLength, offered, length);
        return result === NEGOTIATED ? ALPN.chosen : ALPN.refused;
      },
    );
    native.SSL_CTX_set_alpn_select_cb(context, this.#selectProtocol, at);
  }

  #eachCertificate(pem: string, use: (certificate: number) => void): void {
    const { native } = this.#openSsl;
    const certificates = this.#readPem(pem, native.PEM_read_bio_X509, Number.POSITIVE_INFINITY);
    try {
      if (certificates.length === 0) throw new Error('there is no certificate in the PEM text');
      for (const certificate of certificates) use(certificate);
    } finally {
      for (const certificate of certificates) native.X509_free(certificate);
    }
  }

  /** Objects of a PEM text, to be freed. */
  #readPem(pem: string, read: (...args: (number | string)[]) => number, most: number): number[] {
    const { native, ffi } = this.#openSsl;
    const text = Buffer.from(pem);
    const bio = native.BIO_new_mem_buf(ffi.address(text), text.length);
    const found: number[] = [];
    // An empty pass phrase: without one OpenSSL would ask for it on a terminal.
    for (let next = 1; next !== 0 && found.length < most; ) {
      next = read === native.PEM_read_bio_PrivateKey ? read(bio, 0, 0, '') : read(bio, 0, 0, 0);
      if (next !== 0) found.push(next);
    }
    native.BIO_free(bio);
    // Also keeps the memory referenced until here.
    text.fill(0);
    return found;
  }

  #demand(what: string, result: number): void {
    if (result === 1) return;
    const { native } = this.#openSsl;
    const reason = native.ERR_reason_error_string(native.ERR_peek_last_error());
    throw new Error(`${what} is refused: ${reason ?? 'no reason is given'}`);
  }
}
