import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.ts';
import type { Ack as _lb_v1_Ack, Ack__Output as _lb_v1_Ack__Output } from './lb/v1/Ack.ts';
import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from './lb/v1/Backend.ts';
import type { Connect as _lb_v1_Connect, Connect__Output as _lb_v1_Connect__Output } from './lb/v1/Connect.ts';
import type { ConnectionLog as _lb_v1_ConnectionLog, ConnectionLog__Output as _lb_v1_ConnectionLog__Output } from './lb/v1/ConnectionLog.ts';
import type { DiscoveryServiceClient as _lb_v1_DiscoveryServiceClient, DiscoveryServiceDefinition as _lb_v1_DiscoveryServiceDefinition } from './lb/v1/DiscoveryService.ts';
import type { HealthCheck as _lb_v1_HealthCheck, HealthCheck__Output as _lb_v1_HealthCheck__Output } from './lb/v1/HealthCheck.ts';
import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from './lb/v1/Listener.ts';
import type { Nack as _lb_v1_Nack, Nack__Output as _lb_v1_Nack__Output } from './lb/v1/Nack.ts';
import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from './lb/v1/Policy.ts';
import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from './lb/v1/Pool.ts';
import type { PoolBackend as _lb_v1_PoolBackend, PoolBackend__Output as _lb_v1_PoolBackend__Output } from './lb/v1/PoolBackend.ts';
import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from './lb/v1/Position.ts';
import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from './lb/v1/Resource.ts';
import type { SnapshotEnd as _lb_v1_SnapshotEnd, SnapshotEnd__Output as _lb_v1_SnapshotEnd__Output } from './lb/v1/SnapshotEnd.ts';
import type { SnapshotPart as _lb_v1_SnapshotPart, SnapshotPart__Output as _lb_v1_SnapshotPart__Output } from './lb/v1/SnapshotPart.ts';
import type { SnapshotResource as _lb_v1_SnapshotResource, SnapshotResource__Output as _lb_v1_SnapshotResource__Output } from './lb/v1/SnapshotResource.ts';
import type { StreamSnapshotsRequest as _lb_v1_StreamSnapshotsRequest, StreamSnapshotsRequest__Output as _lb_v1_StreamSnapshotsRequest__Output } from './lb/v1/StreamSnapshotsRequest.ts';
import type { StreamSnapshotsResponse as _lb_v1_StreamSnapshotsResponse, StreamSnapshotsResponse__Output as _lb_v1_StreamSnapshotsResponse__Output } from './lb/v1/StreamSnapshotsResponse.ts';
import type { Subscribe as _lb_v1_Subscribe, Subscribe__Output as _lb_v1_Subscribe__Output } from './lb/v1/Subscribe.ts';
import type { Timeouts as _lb_v1_Timeouts, Timeouts__Output as _lb_v1_Timeouts__Output } from './lb/v1/Timeouts.ts';
import type { Violation as _lb_v1_Violation, Violation__Output as _lb_v1_Violation__Output } from './lb/v1/Violation.ts';
import type { Withheld as _lb_v1_Withheld, Withheld__Output as _lb_v1_Withheld__Output } from './lb/v1/Withheld.ts';

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
      Ack: MessageTypeDefinition<_lb_v1_Ack, _lb_v1_Ack__Output>
      Backend: MessageTypeDefinition<_lb_v1_Backend, _lb_v1_Backend__Output>
      BackendState: EnumTypeDefinition
      Connect: MessageTypeDefinition<_lb_v1_Connect, _lb_v1_Connect__Output>
      ConnectionLog: MessageTypeDefinition<_lb_v1_ConnectionLog, _lb_v1_ConnectionLog__Output>
      DiscoveryService: SubtypeConstructor<typeof grpc.Client, _lb_v1_DiscoveryServiceClient> & { service: _lb_v1_DiscoveryServiceDefinition }
      HealthCheck: MessageTypeDefinition<_lb_v1_HealthCheck, _lb_v1_HealthCheck__Output>
      Listener: MessageTypeDefinition<_lb_v1_Listener, _lb_v1_Listener__Output>
      Nack: MessageTypeDefinition<_lb_v1_Nack, _lb_v1_Nack__Output>
      Policy: MessageTypeDefinition<_lb_v1_Policy, _lb_v1_Policy__Output>
      Pool: MessageTypeDefinition<_lb_v1_Pool, _lb_v1_Pool__Output>
      PoolBackend: MessageTypeDefinition<_lb_v1_PoolBackend, _lb_v1_PoolBackend__Output>
      Position: MessageTypeDefinition<_lb_v1_Position, _lb_v1_Position__Output>
      Resource: MessageTypeDefinition<_lb_v1_Resource, _lb_v1_Resource__Output>
      SnapshotEnd: MessageTypeDefinition<_lb_v1_SnapshotEnd, _lb_v1_SnapshotEnd__Output>
      SnapshotPart: MessageTypeDefinition<_lb_v1_SnapshotPart, _lb_v1_SnapshotPart__Output>
      SnapshotResource: MessageTypeDefinition<_lb_v1_SnapshotResource, _lb_v1_SnapshotResource__Output>
      Strategy: EnumTypeDefinition
      StreamSnapshotsRequest: MessageTypeDefinition<_lb_v1_StreamSnapshotsRequest, _lb_v1_StreamSnapshotsRequest__Output>
      StreamSnapshotsResponse: MessageTypeDefinition<_lb_v1_StreamSnapshotsResponse, _lb_v1_StreamSnapshotsResponse__Output>
      Subscribe: MessageTypeDefinition<_lb_v1_Subscribe, _lb_v1_Subscribe__Output>
      Timeouts: MessageTypeDefinition<_lb_v1_Timeouts, _lb_v1_Timeouts__Output>
      Violation: MessageTypeDefinition<_lb_v1_Violation, _lb_v1_Violation__Output>
      Withheld: MessageTypeDefinition<_lb_v1_Withheld, _lb_v1_Withheld__Output>
    }
  }
}

