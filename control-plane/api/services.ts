/** The gRPC services of the API, for tools, other services and backends that register themselves. */
import { loadDefinitions } from '../../core/wire/definitions.ts';
import type { Service } from '../rpc/grpc-server.ts';
import { configHandlers } from './config-service.ts';
import type { ApiDeps } from './api-deps.ts';
import { fleetHandlers } from './fleet-service.ts';
import { registrationHandlers } from './registration-service.ts';
import { listenerHandlers, policyHandlers, poolHandlers } from './resource-services.ts';

export function apiServices(api: ApiDeps): readonly Service[] {
  const { services } = loadDefinitions();
  return [
    { definition: services.policies, handlers: policyHandlers(api) },
    { definition: services.pools, handlers: poolHandlers(api) },
    { definition: services.listeners, handlers: listenerHandlers(api) },
    { definition: services.config, handlers: configHandlers(api) },
    { definition: services.fleet, handlers: fleetHandlers(api) },
    { definition: services.registrations, handlers: registrationHandlers(api) },
  ];
}
