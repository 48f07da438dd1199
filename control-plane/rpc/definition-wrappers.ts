/** Changes to service definitions: unreadable requests get an error that explains them, and encoded responses pass through. */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { messageOf } from '../../core/runtime/errors.ts';

/** Stands in for a request that could not be decoded. The interceptor answers it; handlers never see one. */
export class MalformedRequest {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** grpc-js itself would answer INTERNAL, without a reason, to a request that can't be decoded. */
export function tolerant<Definition extends object>(definition: Definition): Definition {
  return mapMethods(definition, (method) => ({
    ...method,
    requestDeserialize: (bytes: Buffer) => {
      try {
        return method.requestDeserialize(bytes);
      } catch (error) {
        return new MalformedRequest(messageOf(error));
      }
    },
  }));
}

/** Responses that are Buffers are sent as they are. */
export function preEncoded<Definition extends object>(definition: Definition): Definition {
  return mapMethods(definition, (method) => ({
    ...method,
    responseSerialize: (value: unknown) => (Buffer.isBuffer(value) ? value : method.responseSerialize(value)),
  }));
}

type Method = ServiceDefinition[string];

function mapMethods<Definition extends object>(
  definition: Definition,
  change: (method: Method) => Method,
): Definition {
  const methods = Object.entries(definition as ServiceDefinition);
  return Object.fromEntries(methods.map(([name, method]) => [name, change(method)])) as Definition;
}
