/**
 * The wire contract, loaded from proto/ once. The only file that uses @grpc/proto-loader at run time.
 *
 * Encoding never validates: it drops unknown keys and turns wrong values into zeros without an error. So the codecs in
 * this folder build every message that is sent, and check every message that is received.
 */
import { fileURLToPath } from 'node:url';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import type { BadRequest, BadRequest__Output } from './generated/google/rpc/BadRequest.ts';
import type {
  PreconditionFailure,
  PreconditionFailure__Output,
} from './generated/google/rpc/PreconditionFailure.ts';
import type { Status, Status__Output } from './generated/google/rpc/Status.ts';
import type { HealthDefinition } from './generated/grpc/health/v1/Health.ts';
import type { ConfigServiceDefinition } from './generated/lb/v1/ConfigService.ts';
import type { DiscoveryServiceDefinition } from './generated/lb/v1/DiscoveryService.ts';
import type { FleetServiceDefinition } from './generated/lb/v1/FleetService.ts';
import type { ListenerServiceDefinition } from './generated/lb/v1/ListenerService.ts';
import type { PolicyServiceDefinition } from './generated/lb/v1/PolicyService.ts';
import type { PoolServiceDefinition } from './generated/lb/v1/PoolService.ts';
import type { RegistrationServiceDefinition } from './generated/lb/v1/RegistrationService.ts';
import type { ReportServiceDefinition } from './generated/lb/v1/ReportService.ts';

/** The options that scripts/generate-wire-types.mjs generates the types with. */
const LOADER_OPTIONS = {
  keepCase: false,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
} as const;

const FILES = [
  'lb/v1/policy_service.proto',
  'lb/v1/pool_service.proto',
  'lb/v1/listener_service.proto',
  'lb/v1/config_service.proto',
  'lb/v1/fleet_service.proto',
  'lb/v1/discovery_service.proto',
  'lb/v1/report_service.proto',
  'lb/v1/registration_service.proto',
  'grpc/health/v1/health.proto',
  'google/rpc/status.proto',
  'google/rpc/error_details.proto',
];

type Definitions = ReturnType<typeof load>;
export type Services = Definitions['services'];

let loaded: Definitions | undefined;

/** Reads the proto files at the first call (about 50 ms); the same value afterwards. */
export function loadDefinitions(): Definitions {
  loaded ??= load();
  return loaded;
}

function load() {
  const directory = fileURLToPath(new URL('../../proto', import.meta.url));
  const packageDefinition = loadSync(FILES, { ...LOADER_OPTIONS, includeDirs: [directory] });
  // The generated types describe what the loader returns; only the tests that use them check it.
  const definition = <T>(name: string) => packageDefinition[name] as unknown as T;
  return {
    /** All packages, for server reflection. */
    packageDefinition,
    services: {
      policies: definition<PolicyServiceDefinition>('lb.v1.PolicyService'),
      pools: definition<PoolServiceDefinition>('lb.v1.PoolService'),
      listeners: definition<ListenerServiceDefinition>('lb.v1.ListenerService'),
      config: definition<ConfigServiceDefinition>('lb.v1.ConfigService'),
      fleet: definition<FleetServiceDefinition>('lb.v1.FleetService'),
      discovery: definition<DiscoveryServiceDefinition>('lb.v1.DiscoveryService'),
      reports: definition<ReportServiceDefinition>('lb.v1.ReportService'),
      registrations: definition<RegistrationServiceDefinition>('lb.v1.RegistrationService'),
    },
    health: definition<HealthDefinition>('grpc.health.v1.Health'),
    status: definition<MessageTypeDefinition<Status, Status__Output>>('google.rpc.Status'),
    badRequest: definition<MessageTypeDefinition<BadRequest, BadRequest__Output>>('google.rpc.BadRequest'),
    preconditionFailure: definition<MessageTypeDefinition<PreconditionFailure, PreconditionFailure__Output>>(
      'google.rpc.PreconditionFailure',
    ),
  };
}
