import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.ts';
import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from './lb/v1/Backend.ts';
import type { Connect as _lb_v1_Connect, Connect__Output as _lb_v1_Connect__Output } from './lb/v1/Connect.ts';
import type { HealthCheck as _lb_v1_HealthCheck, HealthCheck__Output as _lb_v1_HealthCheck__Output } from './lb/v1/HealthCheck.ts';
import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from './lb/v1/Listener.ts';
import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from './lb/v1/Policy.ts';
import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from './lb/v1/Pool.ts';
import type { PoolBackend as _lb_v1_PoolBackend, PoolBackend__Output as _lb_v1_PoolBackend__Output } from './lb/v1/PoolBackend.ts';
import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from './lb/v1/Position.ts';
import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from './lb/v1/Resource.ts';
import type { Timeouts as _lb_v1_Timeouts, Timeouts__Output as _lb_v1_Timeouts__Output } from './lb/v1/Timeouts.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Duration: MessageTypeDefinition<_google_protobuf_Duration, _google_protobuf_Duration__Output>
    }
  }
  lb: {
    v1: {
      Backend: MessageTypeDefinition<_lb_v1_Backend, _lb_v1_Backend__Output>
      BackendState: EnumTypeDefinition
      Connect: MessageTypeDefinition<_lb_v1_Connect, _lb_v1_Connect__Output>
      HealthCheck: MessageTypeDefinition<_lb_v1_HealthCheck, _lb_v1_HealthCheck__Output>
      Listener: MessageTypeDefinition<_lb_v1_Listener, _lb_v1_Listener__Output>
      Policy: MessageTypeDefinition<_lb_v1_Policy, _lb_v1_Policy__Output>
      Pool: MessageTypeDefinition<_lb_v1_Pool, _lb_v1_Pool__Output>
      PoolBackend: MessageTypeDefinition<_lb_v1_PoolBackend, _lb_v1_PoolBackend__Output>
      Position: MessageTypeDefinition<_lb_v1_Position, _lb_v1_Position__Output>
      Resource: MessageTypeDefinition<_lb_v1_Resource, _lb_v1_Resource__Output>
      Strategy: EnumTypeDefinition
      Timeouts: MessageTypeDefinition<_lb_v1_Timeouts, _lb_v1_Timeouts__Output>
    }
  }
}

