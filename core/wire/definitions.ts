/**
 * The wire contract, loaded from proto/ once. The only file that uses @grpc/proto-loader at run time.
 *
 * Encoding never validates: it drops unknown keys and turns wrong values into zeros without an error. So the codecs in
 * this folder build every message that is sent, and check every message that is received.
 */
import { fileURLToPath } from 'node:url';
import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';
import type { BadRequest, BadRequest__Output } from './generated/google/rpc/BadRequest.ts';
import type {
  PreconditionFailure,
  PreconditionFailure__Output,
} from './generated/google/rpc/PreconditionFailure.ts';
import type { Status, Status__Output } from './generated/google/rpc/Status.ts';
import type { ConfigServiceDefinition } from './generated/lb/v1/ConfigService.ts';
import type { DiscoveryServiceDefinition } from './generated/lb/v1/DiscoveryService.ts';
import type { FleetServiceDefinition } from './generated/lb/v1/FleetService.ts';
import type { ListenerServiceDefinition } from './generated/lb/v1/ListenerService.ts';
import type { PolicyServiceDefinition } from './generated/lb/v1/PolicyService.ts';
import type { PoolServiceDefinition } from './generated/lb/v1/PoolService.ts';
import type { RegistrationServiceDefinition } from './generated/lb/v1/RegistrationService.ts';
import type { ReportServiceDefinition } from './generated/lb/v1/ReportService.ts';

export interface Services {
  readonly policies: PolicyServiceDefinition;
  readonly pools: PoolServiceDefinition;
  readonly listeners: ListenerServiceDefinition;
  readonly config: ConfigServiceDefinition;
  readonly fleet: FleetServiceDefinition;
  readonly discovery: DiscoveryServiceDefinition;
  readonly reports: ReportServiceDefinition;
  readonly registrations: RegistrationServiceDefinition;
}

export interface Definitions {
  readonly services: Services;
  /** All packages, for server reflection. */
  readonly packageDefinition: PackageDefinition;
  readonly status: MessageTypeDefinition<Status, Status__Output>;
  readonly badRequest: MessageTypeDefinition<BadRequest, BadRequest__Output>;
  readonly preconditionFailure: MessageTypeDefinition<PreconditionFailure, PreconditionFailure__Output>;
}

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
  'google/rpc/status.proto',
  'google/rpc/error_details.proto',
];

let loaded: Definitions | undefined;

/** Reads the proto files at the first call (about 50 ms); the same value afterwards. */
export function loadDefinitions(): Definitions {
  loaded ??= load();
  return loaded;
}

function load(): Definitions {
  const directory = fileURLToPath(new URL('../../proto', import.meta.url));
  const packageDefinition = loadSync(FILES, { ...LOADER_OPTIONS, includeDirs: [directory] });
  // The generated types describe what the loader returns; nothing checks it again but the tests that use them.
  const named = <T>(name: string) => packageDefinition[name] as unknown as T;
  return {
    packageDefinition,
    services: {
      policies: named('lb.v1.PolicyService'),
      pools: named('lb.v1.PoolService'),
      listeners: named('lb.v1.ListenerService'),
      config: named('lb.v1.ConfigService'),
      fleet: named('lb.v1.FleetService'),
      discovery: named('lb.v1.DiscoveryService'),
      reports: named('lb.v1.ReportService'),
      registrations: named('lb.v1.RegistrationService'),
    },
    status: named('google.rpc.Status'),
    badRequest: named('google.rpc.BadRequest'),
    preconditionFailure: named('google.rpc.PreconditionFailure'),
  };
}
