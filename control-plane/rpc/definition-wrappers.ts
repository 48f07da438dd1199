/** Changes to service definitions: unreadable requests get an error that explains them, and encoded responses pass through. */
import type { ServiceDefinition } from '@grpc/grpc-js';
import { messageOf } from '../../core/runtime/errors.ts';
import { hasTooManyItems, MAX_ITEMS } from './item-count.ts';

/** Stands in for a request that could not be decoded. The interceptor answers it; handlers never see one. */
export class MalformedRequest {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/**
 * grpc-js itself would answer INTERNAL, without a reason, to a request that can't be decoded. A request with more items than
 * any can need is not decoded; a proxy sends its reports in parts.
 */
export function tolerant<Definition extends object>(definition: Definition): Definition {
  return mapMethods(definition, (method) => ({
    ...method,
    requestDeserialize: (bytes: Buffer) => {
      try {
        // proto-loader adds it to what grpc-js knows of a method.
        const { requestType } = method as Method & { readonly requestType?: { readonly type: object } };
        if (requestType && hasTooManyItems(bytes, requestType.type)) {
          const why = `it has more than ${MAX_ITEMS} items; nothing was changed, so split it into smaller requests`;
          return new MalformedRequest(why);
        }
        return method.requestDeserialize(bytes);
      } catch (error) {
        const remedy = 'check that the client was generated from this version of lb/v1';
        return new MalformedRequest(`${messageOf(error)}; ${remedy}`);
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
