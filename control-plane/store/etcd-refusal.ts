/** What an error of etcd means: a refusal, which is certain and in words, or anything else, which leaves it open. */
import { status } from '@grpc/grpc-js';
import { LbError, messageOf } from '../../core/runtime/errors.ts';

const SAY_SPACE = 'see its quota (NOSPACE: compact, defragment, disarm the alarm) and its limits';
const SAY_RIGHTS = 'see its users and roles';

/**
 * Answers of etcd itself that say: not done, and not now. Undefined: it may have been done. Of a full etcd see
 * EtcdStore, which looks: it may say so when it has applied an append all the same.
 */
export function refusalOf(error: unknown, store: string): LbError | undefined {
  const say = (code: 'RESOURCE_EXHAUSTED' | 'FAILED_PRECONDITION', hint: string) =>
    new LbError(
      code,
      `the store ${store} refused, and nothing was written: ${messageOf(error)}; ${hint}`,
      [],
      error,
    );
  switch (codeOf(error)) {
    case status.RESOURCE_EXHAUSTED:
    case status.INVALID_ARGUMENT:
      return say('RESOURCE_EXHAUSTED', SAY_SPACE);
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
    case status.FAILED_PRECONDITION:
      return say('FAILED_PRECONDITION', SAY_RIGHTS);
    default:
      return undefined;
  }
}

/** It has no space left, or the answer was larger than what is received here. */
export function isExhausted(error: unknown): boolean {
  return codeOf(error) === status.RESOURCE_EXHAUSTED;
}

/** There is no such thing (any more). */
export function isNotFound(error: unknown): boolean {
  return codeOf(error) === status.NOT_FOUND;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
