/** Our errors as gRPC statuses with google.rpc details, and back. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Violation } from '../model/violation.ts';
import { type ErrorCode, LbError, messageOf } from '../runtime/errors.ts';
import { loadDefinitions } from './definitions.ts';

/** A code without a status would not compile. */
export const STATUS_OF: Readonly<Record<ErrorCode, status>> = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  FAILED_PRECONDITION: status.FAILED_PRECONDITION,
  ABORTED: status.ABORTED,
  UNAVAILABLE: status.UNAVAILABLE,
  OUTCOME_UNKNOWN: status.DEADLINE_EXCEEDED,
  RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  INTERNAL: status.INTERNAL,
};

const DETAILS = 'grpc-status-details-bin';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const PRECONDITION_FAILURE = 'type.googleapis.com/google.rpc.PreconditionFailure';

/** Many gRPC clients refuse more than 8 KiB of trailers, and base64 adds a third. */
const MAX_DETAILS_BYTES = 4_500;
/** Of a violation's path, and of its description. */
const MAX_TEXT = 500;

export interface GrpcStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** The status that a server answers with. Violations beyond about 4 KiB are counted in a last one instead of listed. */
export function toGrpcStatus(error: LbError): GrpcStatus {
  const code = STATUS_OF[error.code];
  const metadata = new Metadata();
  if (error.violations.length > 0) {
    metadata.set(DETAILS, encodeDetails(code, error.message, withinTrailer(error.violations)));
  }
  return { code, details: atMost(1_000, error.message), metadata };
}

/**
 * The beginning of a text, well-formed: the cut may split a character, and a request may contain half of one. grpc-js
 * throws on both.
 */
function atMost(length: number, text: string): string {
  return Buffer.from(text.slice(0, length)).toString();
}

/** A violation repeats what the request has, which may be a megabyte; what is allowed stands at its end. */
function shortened(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  return Buffer.from(`${text.slice(0, MAX_TEXT / 4)} … ${text.slice(-MAX_TEXT / 2)}`).toString();
}

function withinTrailer(found: readonly Violation[]): readonly Violation[] {
  const violations = found.map(({ field, description }) => {
    return { field: shortened(field), description: shortened(description) };
  });
  let bytes = 0;
  const fitting = violations.findIndex((violation) => {
    bytes += Buffer.byteLength(violation.field) + Buffer.byteLength(violation.description) + 8;
    return bytes > MAX_DETAILS_BYTES;
  });
  if (fitting === -1) return violations;
  return [
    ...violations.slice(0, fitting),
    { field: '', description: `and ${violations.length - fitting} more violations` },
  ];
}

function encodeDetails(code: status, message: string, violations: readonly Violation[]): Buffer {
  const definitions = loadDefinitions();
  const detail =
    code === status.INVALID_ARGUMENT
      ? {
          type_url: BAD_REQUEST,
          value: definitions.badRequest.serialize({
            fieldViolations: violations.map((violation) => ({ ...violation })),
          }),
        }
      : {
          type_url: PRECONDITION_FAILURE,
          value: definitions.preconditionFailure.serialize({
            violations: violations.map(({ field, description }) => ({
              type: 'STATE',
              subject: field,
              description,
            })),
          }),
        };
  return definitions.status.serialize({ code, message: atMost(500, message), details: [detail] });
}

/**
 * The error of a failed call. A call that was cut off may have had its effect, so it is OUTCOME_UNKNOWN: repeating it
 * with the same request_id tells.
 */
export function fromGrpcError(error: ServiceError): LbError {
  return new LbError(codeOf(error.code), reasonOf(error), decodeViolations(error.metadata), error);
}

/** Something listens there, and it closed the connection or sent what is no HTTP/2. */
export const NOT_GRPC =
  'the connection was closed before gRPC answered; another kind of server, or one that wants TLS, may listen there';

/** Without what grpc-js adds to the reason of a failed connect, which it does not always know. */
export function reasonOf(error: ServiceError): string {
  const reason = (error.details || messageOf(error))
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\.? Resolution note:.*$/s, '');
  if (error.code === status.UNIMPLEMENTED)
    return `what answers there is no control plane (an etcd, for example), or an older one: ${reason}`;
  if (reason.startsWith('Deadline exceeded after ')) return 'no answer in time';
  return /^(undefined|null|(Failed to connect|Protocol error)( \(.*\))?)?$/.test(reason) ? NOT_GRPC : reason;
}

function codeOf(code: status): ErrorCode {
  if (code === status.CANCELLED) return 'OUTCOME_UNKNOWN';
  for (const [name, value] of Object.entries(STATUS_OF)) {
    if (value === code) return name as ErrorCode;
  }
  return 'INTERNAL';
}

function decodeViolations(metadata: Metadata | undefined): Violation[] {
  const encoded = metadata?.get(DETAILS)[0];
  if (!Buffer.isBuffer(encoded)) return [];
  const definitions = loadDefinitions();
  try {
    return definitions.status.deserialize(encoded).details.flatMap((detail) => {
      const { type_url: type, value } = detail as { type_url?: string; value?: Buffer };
      if (!value) return [];
      if (type === BAD_REQUEST) return definitions.badRequest.deserialize(value).fieldViolations;
      if (type !== PRECONDITION_FAILURE) return [];
      return definitions.preconditionFailure
        .deserialize(value)
        .violations.map(({ subject, description }) => ({ field: subject, description }));
    });
  } catch {
    // Details are optional: a status of another program may have others.
    return [];
  }
}
