/**
 * What the errors of etcd mean: a refusal, which is certain, or no answer, which leaves the outcome open. Everything that
 * has to be read from etcd's text is read here, so that nobody else does.
 */
import { status } from '@grpc/grpc-js';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';

/** What the messages name of the etcd that an error came from. */
export interface EtcdNames {
  readonly description: string;
  readonly prefix: string;
}

/**
 * Causes that etcd gives one code for several of: INVALID_ARGUMENT for a wrong password, a missing user and a request that
 * is too large, UNAVAILABLE for an election and for everything that does not answer, FAILED_PRECONDITION for all that
 * concerns users. Only the text tells them apart.
 */
const TEXTS = {
  electing: /etcdserver: (?:leader changed|no leader|not leader)/,
  userMissing: /user name is empty/,
  loginFailed: /authentication failed/,
  authenticationOff: /authentication is not enabled/,
  tokenRefused: /invalid auth token|revision in header is old|user name is empty/,
} as const;

/**
 * A refusal of etcd itself: the request was not done, and will not be. Undefined: it may have been done. For a full etcd
 * see EtcdStore, which reads the head: etcd may say that it is full although it has applied an append.
 */
export function refusalOf(error: unknown, { description, prefix }: EtcdNames): LbError | undefined {
  const refused = (code: 'RESOURCE_EXHAUSTED' | 'FAILED_PRECONDITION', hint: string) =>
    new LbError(code, `the store ${description} refused: ${messageOf(error)}; ${hint}`, [], error);
  if (isCause(error, 'userMissing'))
    return refused('FAILED_PRECONDITION', 'it requires a user: give --etcd-user and --etcd-password-file');
  if (isCause(error, 'loginFailed'))
    return refused('FAILED_PRECONDITION', 'check --etcd-user and --etcd-password-file');
  switch (codeOf(error)) {
    case status.RESOURCE_EXHAUSTED:
    case status.INVALID_ARGUMENT:
      return refused(
        'RESOURCE_EXHAUSTED',
        'check its quota (NOSPACE: compact, defragment, disarm the alarm) and its limits',
      );
    case status.PERMISSION_DENIED:
      return refused('FAILED_PRECONDITION', `the user needs a role with readwrite on the prefix ${prefix}`);
    case status.UNAUTHENTICATED:
    case status.FAILED_PRECONDITION:
      return refused('FAILED_PRECONDITION', 'check its users and roles');
    default:
      return undefined;
  }
}

export function noAnswer(error: unknown, { description }: EtcdNames): LbError {
  const text = messageOf(error)
    .replace(/\s+/g, ' ')
    .replace(/\s*Resolution note: *$/, '')
    // Where grpc-js has spent the time, which differs from try to try and would be logged each time.
    .replace(/(Deadline exceeded after [\d.]+s),.*$/, '$1');
  // gRPC reports a failed TLS handshake as UNAVAILABLE too.
  const hint = /certificate|\bSSL\b|\bTLS\b/i.test(text)
    ? '; check --etcd-ca, --etcd-cert and --etcd-key'
    : '';
  return new LbError('UNAVAILABLE', `the store ${description} does not answer: ${text}${hint}`, [], error);
}

/** etcd has no space left, or its answer was larger than a client receives. */
export function isExhausted(error: unknown): boolean {
  return codeOf(error) === status.RESOURCE_EXHAUSTED;
}

function isLate(error: unknown): boolean {
  return codeOf(error) === status.DEADLINE_EXCEEDED;
}

/** An answer that was too much for one message, or for the time that a slow network has for it. */
export function isTooMuch(error: unknown): boolean {
  return error instanceof LbError && (isExhausted(error.cause) || isLate(error.cause));
}

export function isNotFound(error: unknown): boolean {
  return codeOf(error) === status.NOT_FOUND;
}

/** The cluster has no leader at the moment, or has just elected another one. */
export function isElecting(error: unknown): boolean {
  return isCause(error, 'electing');
}

/** A call was refused for its token alone, which is unknown, too old or missing. Nothing was done. */
export function isTokenRefused(error: unknown): boolean {
  return codeOf(error) === status.UNAUTHENTICATED || isCause(error, 'tokenRefused');
}

export function isAuthenticationOff(error: unknown): boolean {
  return isCause(error, 'authenticationOff');
}

function isCause(error: unknown, cause: keyof typeof TEXTS): boolean {
  return codeOf(error) !== undefined && TEXTS[cause].test(messageOf(error));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
