/** What an error of etcd means: a refusal, which is certain, or silence, which leaves it open; both in words. */
import { status } from '@grpc/grpc-js';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';

/** Whose error it is. */
export interface EtcdPlace {
  readonly description: string;
  readonly prefix: string;
}

const SAY_SPACE = 'see its quota (NOSPACE: compact, defragment, disarm the alarm) and its limits';

/**
 * Answers of etcd itself that say: not done, and not now. Undefined: it may have been done. Of a full etcd see
 * EtcdStore, which looks: it may say so when it has applied an append all the same.
 */
export function refusalOf(error: unknown, { description, prefix }: EtcdPlace): LbError | undefined {
  const say = (code: 'RESOURCE_EXHAUSTED' | 'FAILED_PRECONDITION', hint: string) => {
    const message = `the store ${description} refused, and nothing was written: ${messageOf(error)}; ${hint}`;
    return new LbError(code, message, [], error);
  };
  const text = messageOf(error);
  if (text.includes('user name is empty'))
    return say('FAILED_PRECONDITION', 'it wants a user: give --etcd-user and --etcd-password-file');
  if (text.includes('authentication failed'))
    return say('FAILED_PRECONDITION', 'see --etcd-user and --etcd-password-file');
  switch (codeOf(error)) {
    case status.RESOURCE_EXHAUSTED:
    case status.INVALID_ARGUMENT:
      return say('RESOURCE_EXHAUSTED', SAY_SPACE);
    case status.PERMISSION_DENIED:
      return say('FAILED_PRECONDITION', `the user needs a role with readwrite on the prefix ${prefix}`);
    case status.UNAUTHENTICATED:
    case status.FAILED_PRECONDITION:
      return say('FAILED_PRECONDITION', 'see its users and roles');
    default:
      return undefined;
  }
}

/** No answer, for the reason that `error` gives. */
export function silenceOf(error: unknown, { description }: EtcdPlace): LbError {
  const text = messageOf(error)
    .replace(/\s+/g, ' ')
    .replace(/\s*Resolution note: *$/, '');
  const hint = /certificate|\bSSL\b|\bTLS\b/i.test(text) ? '; see --etcd-ca, --etcd-cert and --etcd-key' : '';
  return new LbError('UNAVAILABLE', `the store ${description} does not answer: ${text}${hint}`, [], error);
}

/** It has no space left, or the answer was larger than what is received here. */
export function isExhausted(error: unknown): boolean {
  return codeOf(error) === status.RESOURCE_EXHAUSTED;
}

/** It had no time to answer. */
export function isLate(error: unknown): boolean {
  return codeOf(error) === status.DEADLINE_EXCEEDED;
}

/** It has no leader at the moment, or has just got another one. */
export function isElecting(error: unknown): boolean {
  return /etcdserver: (?:leader changed|no leader|not leader)/.test(messageOf(error));
}

/** There is no such thing (any more). */
export function isNotFound(error: unknown): boolean {
  return codeOf(error) === status.NOT_FOUND;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
