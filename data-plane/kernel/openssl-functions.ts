/**
 * Every function of OpenSSL that the data plane calls, once each. They are the stable interface of OpenSSL 3.
 *
 * Pointers are numbers, as in c-functions.ts. What is a macro in C is a call of `SSL_ctrl` or `SSL_CTX_ctrl` here.
 */
import type { Ffi } from './ffi.ts';

const PROTOTYPES = {
  OpenSSL_version_num: 'unsigned long OpenSSL_version_num()',
  // Connections
  SSL_new: 'uintptr_t SSL_new(uintptr_t)',
  SSL_free: 'void SSL_free(uintptr_t)',
  SSL_set_fd: 'int SSL_set_fd(uintptr_t, int)',
  SSL_set_bio: 'void SSL_set_bio(uintptr_t, uintptr_t, uintptr_t)',
  SSL_set_accept_state: 'void SSL_set_accept_state(uintptr_t)',
  SSL_set_connect_state: 'void SSL_set_connect_state(uintptr_t)',
  SSL_ctrl: 'long SSL_ctrl(uintptr_t, int, long, uintptr_t)',
  SSL_get0_param: 'uintptr_t SSL_get0_param(uintptr_t)',
  SSL_do_handshake: 'int SSL_do_handshake(uintptr_t)',
  SSL_read: 'int SSL_read(uintptr_t, uintptr_t, int)',
  SSL_peek: 'int SSL_peek(uintptr_t, uintptr_t, int)',
  SSL_write: 'int SSL_write(uintptr_t, uintptr_t, int)',
  SSL_shutdown: 'int SSL_shutdown(uintptr_t)',
  SSL_get_error: 'int SSL_get_error(uintptr_t, int)',
  SSL_get_verify_result: 'long SSL_get_verify_result(uintptr_t)',
  SSL_session_reused: 'int SSL_session_reused(uintptr_t)',
  SSL_select_next_proto:
    'int SSL_select_next_proto(uintptr_t, uintptr_t, uintptr_t, uint32_t, uintptr_t, uint32_t)',
  // Contexts
  TLS_method: 'uintptr_t TLS_method()',
  SSL_CTX_new: 'uintptr_t SSL_CTX_new(uintptr_t)',
  SSL_CTX_free: 'void SSL_CTX_free(uintptr_t)',
  SSL_CTX_ctrl: 'long SSL_CTX_ctrl(uintptr_t, int, long, uintptr_t)',
  SSL_CTX_set_options: 'uint64_t SSL_CTX_set_options(uintptr_t, uint64_t)',
  SSL_CTX_set_cipher_list: 'int SSL_CTX_set_cipher_list(uintptr_t, const char *)',
  SSL_CTX_set_session_id_context: 'int SSL_CTX_set_session_id_context(uintptr_t, uintptr_t, uint32_t)',
  SSL_CTX_set_alpn_select_cb: 'void SSL_CTX_set_alpn_select_cb(uintptr_t, uintptr_t, uintptr_t)',
  SSL_CTX_set_verify: 'void SSL_CTX_set_verify(uintptr_t, int, uintptr_t)',
  SSL_CTX_get0_param: 'uintptr_t SSL_CTX_get0_param(uintptr_t)',
  SSL_CTX_get_cert_store: 'uintptr_t SSL_CTX_get_cert_store(uintptr_t)',
  SSL_CTX_set1_cert_store: 'void SSL_CTX_set1_cert_store(uintptr_t, uintptr_t)',
  SSL_CTX_add_client_CA: 'int SSL_CTX_add_client_CA(uintptr_t, uintptr_t)',
  SSL_CTX_use_certificate: 'int SSL_CTX_use_certificate(uintptr_t, uintptr_t)',
  SSL_CTX_use_PrivateKey: 'int SSL_CTX_use_PrivateKey(uintptr_t, uintptr_t)',
  // Certificates and keys
  BIO_new_mem_buf: 'uintptr_t BIO_new_mem_buf(uintptr_t, int)',
  BIO_new_bio_pair: 'int BIO_new_bio_pair(uintptr_t, size_t, uintptr_t, size_t)',
  BIO_free: 'int BIO_free(uintptr_t)',
  PEM_read_bio_X509: 'uintptr_t PEM_read_bio_X509(uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
  PEM_read_bio_PrivateKey: 'uintptr_t PEM_read_bio_PrivateKey(uintptr_t, uintptr_t, uintptr_t, const char *)',
  X509_free: 'void X509_free(uintptr_t)',
  EVP_PKEY_free: 'void EVP_PKEY_free(uintptr_t)',
  X509_STORE_new: 'uintptr_t X509_STORE_new()',
  X509_STORE_add_cert: 'int X509_STORE_add_cert(uintptr_t, uintptr_t)',
  X509_VERIFY_PARAM_set1_host: 'int X509_VERIFY_PARAM_set1_host(uintptr_t, const char *, size_t)',
  X509_VERIFY_PARAM_set1_ip: 'int X509_VERIFY_PARAM_set1_ip(uintptr_t, uintptr_t, size_t)',
  // Errors
  ERR_clear_error: 'void ERR_clear_error()',
  ERR_peek_last_error: 'unsigned long ERR_peek_last_error()',
  ERR_reason_error_string: 'const char *ERR_reason_error_string(unsigned long)',
  X509_verify_cert_error_string: 'const char *X509_verify_cert_error_string(long)',
} as const;

type Text = 'ERR_reason_error_string' | 'X509_verify_cert_error_string';
type Names = keyof typeof PROTOTYPES;
/** A text is passed as such where a prototype says `const char *`. */
export type OpenSslFunctions = Readonly<
  Record<Exclude<Names, Text>, (...args: (number | string)[]) => number> &
    Record<Text, (code: number) => string | null>
>;

/** Throws when a function is missing. */
export function declareOpenSsl(ffi: Ffi): OpenSslFunctions {
  const declared = Object.entries(PROTOTYPES).map(([name, prototype]) => [name, ffi.declare(prototype)]);
  return Object.fromEntries(declared) as OpenSslFunctions;
}
