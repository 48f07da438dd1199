/** Server reflection, which tells a client such as grpcurl what services there are. It waits for clients that do not read. */
import type { Server, ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { loadDefinitions } from '../../core/wire/definitions.ts';

type Call = ServerDuplexStream<unknown, unknown>;

export function addReflection(server: Server): void {
  const addService: Server['addService'] = (definition, handlers) => {
    const paced = Object.entries(handlers).map(([name, handler]) => [
      name,
      atPaceOfReader(handler as Handler),
    ]);
    server.addService(definition, Object.fromEntries(paced) as UntypedServiceImplementation);
  };
  // All that it uses of a server.
  new ReflectionService(loadDefinitions().packageDefinition).addToServer({ addService });
}

type Handler = (call: Call) => void;

/** The package writes an answer for each question, whether anybody reads them or not. */
function atPaceOfReader(handler: Handler): Handler {
  return (call) => {
    const write = call.write.bind(call) as (answer: unknown) => boolean;
    call.write = (answer: unknown) => {
      const hasRoom = write(answer);
      if (!hasRoom) call.pause().once('drain', () => call.resume());
      return hasRoom;
    };
    handler(call);
  };
}
