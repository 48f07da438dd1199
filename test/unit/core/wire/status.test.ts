import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { Violation } from '../../../../core/model/violation.ts';
import { ERROR_CODES, LbError } from '../../../../core/runtime/errors.ts';
import { fromGrpcError, NOT_GRPC, toGrpcStatus } from '../../../../core/wire/status.ts';

function there(error: LbError): LbError {
  const { code, details, metadata } = toGrpcStatus(error);
  const failure: ServiceError = Object.assign(new Error(details), { code, details, metadata });
  return fromGrpcError(failure);
}

describe('errors as gRPC statuses', () => {
  for (const code of ERROR_CODES) {
    it(`carry ${code} there and back, with every violation`, () => {
      const violations: Violation[] = [
        { field: 'pools[web].policy', description: 'there is no policy `stedy`; did you mean `steady`?' },
        { field: '', description: 'ünïcode' },
      ];
      const received = there(new LbError(code, 'no', violations));
      assert.equal(received.code, code);
      assert.equal(received.message, 'no');
      assert.deepEqual(
        received.violations.map((violation) => ({ ...violation })),
        violations,
      );
    });
  }

  it('stay within the 8 KiB of trailers that clients accept, and count what is left out', () => {
    const violations = Array.from({ length: 1_000 }, (_, index) => ({
      field: `f${index}`,
      description: 'too large',
    }));
    const { metadata } = toGrpcStatus(new LbError('INVALID_ARGUMENT', 'no', violations));
    const encoded = metadata.get('grpc-status-details-bin')[0];
    assert.ok(Buffer.isBuffer(encoded) && (encoded.length * 4) / 3 < 8_192, `${encoded?.length} bytes`);
    const received = there(new LbError('INVALID_ARGUMENT', 'no', violations));
    const listed = received.violations.length - 1;
    assert.equal(received.violations.at(-1)?.description, `and ${1_000 - listed} more violations`);
  });

  it('shorten a violation that repeats a megabyte of the request, and keep what is allowed', () => {
    const long = 'é'.repeat(1_000_000);
    const violation = {
      field: `pools[${long}]`,
      description: `"${long}" is not a name; use 1 to 63 characters`,
    };
    const { violations } = there(new LbError('INVALID_ARGUMENT', 'no', [violation, violation]));
    assert.equal(violations.length, 2);
    assert.match(violations[0]?.field ?? '', /^pools\[é+ … é+\]$/);
    assert.match(violations[0]?.description ?? '', /^"é+ … é+" is not a name; use 1 to 63 characters$/);
  });

  it('take a cancelled call for an unknown outcome, and an unknown code for INTERNAL', () => {
    const error = (code: status) => Object.assign(new Error('x'), { code, details: 'x' }) as ServiceError;
    assert.equal(fromGrpcError(error(status.CANCELLED)).code, 'OUTCOME_UNKNOWN');
    assert.equal(fromGrpcError(error(status.UNIMPLEMENTED)).code, 'INTERNAL');
  });
});

describe('the reason of a failed connect', () => {
  const failed = (details: string) =>
    fromGrpcError(
      Object.assign(new Error(''), { code: status.UNAVAILABLE, details, metadata: undefined as never }),
    );
  for (const [details, reason] of [
    [
      'No connection established. Last error: Error: connect ECONNREFUSED. Resolution note: ',
      'connect ECONNREFUSED',
    ],
    ['No connection established. Last error: undefined. Resolution note: ', NOT_GRPC],
    ['No connection established. Last error: null. Resolution note: none', NOT_GRPC],
    ['undefined', NOT_GRPC],
    ['Failed to connect (2026-11-30T17:50:29.209Z)', NOT_GRPC],
  ] as const) {
    it(`is said in words: ${details}`, () => assert.equal(failed(details).message, reason));
  }
});
