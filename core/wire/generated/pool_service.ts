import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from './google/protobuf/FieldMask.ts';
import type { AddBackendsRequest as _lb_v1_AddBackendsRequest, AddBackendsRequest__Output as _lb_v1_AddBackendsRequest__Output } from './lb/v1/AddBackendsRequest.ts';
import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from './lb/v1/Backend.ts';
import type { BackendShare as _lb_v1_BackendShare, BackendShare__Output as _lb_v1_BackendShare__Output } from './lb/v1/BackendShare.ts';
import type { ChangeResult as _lb_v1_ChangeResult, ChangeResult__Output as _lb_v1_ChangeResult__Output } from './lb/v1/ChangeResult.ts';
import type { Connect as _lb_v1_Connect, Connect__Output as _lb_v1_Connect__Output } from './lb/v1/Connect.ts';
import type { ConnectionLog as _lb_v1_ConnectionLog, ConnectionLog__Output as _lb_v1_ConnectionLog__Output } from './lb/v1/ConnectionLog.ts';
import type { CreatePoolRequest as _lb_v1_CreatePoolRequest, CreatePoolRequest__Output as _lb_v1_CreatePoolRequest__Output } from './lb/v1/CreatePoolRequest.ts';
import type { DeletePoolRequest as _lb_v1_DeletePoolRequest, DeletePoolRequest__Output as _lb_v1_DeletePoolRequest__Output } from './lb/v1/DeletePoolRequest.ts';
import type { GetPoolRequest as _lb_v1_GetPoolRequest, GetPoolRequest__Output as _lb_v1_GetPoolRequest__Output } from './lb/v1/GetPoolRequest.ts';
import type { HealthCheck as _lb_v1_HealthCheck, HealthCheck__Output as _lb_v1_HealthCheck__Output } from './lb/v1/HealthCheck.ts';
import type { ListPoolsRequest as _lb_v1_ListPoolsRequest, ListPoolsRequest__Output as _lb_v1_ListPoolsRequest__Output } from './lb/v1/ListPoolsRequest.ts';
import type { ListPoolsResponse as _lb_v1_ListPoolsResponse, ListPoolsResponse__Output as _lb_v1_ListPoolsResponse__Output } from './lb/v1/ListPoolsResponse.ts';
import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from './lb/v1/Listener.ts';
import type { ListenerEffect as _lb_v1_ListenerEffect, ListenerEffect__Output as _lb_v1_ListenerEffect__Output } from './lb/v1/ListenerEffect.ts';
import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from './lb/v1/Policy.ts';
import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from './lb/v1/Pool.ts';
import type { PoolBackend as _lb_v1_PoolBackend, PoolBackend__Output as _lb_v1_PoolBackend__Output } from './lb/v1/PoolBackend.ts';
import type { PoolEffect as _lb_v1_PoolEffect, PoolEffect__Output as _lb_v1_PoolEffect__Output } from './lb/v1/PoolEffect.ts';
import type { PoolServiceClient as _lb_v1_PoolServiceClient, PoolServiceDefinition as _lb_v1_PoolServiceDefinition } from './lb/v1/PoolService.ts';
import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from './lb/v1/Position.ts';
import type { RemoveBackendsRequest as _lb_v1_RemoveBackendsRequest, RemoveBackendsRequest__Output as _lb_v1_RemoveBackendsRequest__Output } from './lb/v1/RemoveBackendsRequest.ts';
import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from './lb/v1/Resource.ts';
import type { ResourceChange as _lb_v1_ResourceChange, ResourceChange__Output as _lb_v1_ResourceChange__Output } from './lb/v1/ResourceChange.ts';
import type { Timeouts as _lb_v1_Timeouts, Timeouts__Output as _lb_v1_Timeouts__Output } from './lb/v1/Timeouts.ts';
import type { UpdateBackendRequest as _lb_v1_UpdateBackendRequest, UpdateBackendRequest__Output as _lb_v1_UpdateBackendRequest__Output } from './lb/v1/UpdateBackendRequest.ts';
import type { UpdatePoolRequest as _lb_v1_UpdatePoolRequest, UpdatePoolRequest__Output as _lb_v1_UpdatePoolRequest__Output } from './lb/v1/UpdatePoolRequest.ts';
import type { Violation as _lb_v1_Violation, Violation__Output as _lb_v1_Violation__Output } from './lb/v1/Violation.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Duration: MessageTypeDefinition<_google_protobuf_Duration, _google_protobuf_Duration__Output>
      FieldMask: MessageTypeDefinition<_google_protobuf_FieldMask, _google_protobuf_FieldMask__Output>
    }
  }
  lb: {
    v1: {
      AddBackendsRequest: MessageTypeDefinition<_lb_v1_AddBackendsRequest, _lb_v1_AddBackendsRequest__Output>
      Backend: MessageTypeDefinition<_lb_v1_Backend, _lb_v1_Backend__Output>
      BackendShare: MessageTypeDefinition<_lb_v1_BackendShare, _lb_v1_BackendShare__Output>
      BackendState: EnumTypeDefinition
      ChangeResult: MessageTypeDefinition<_lb_v1_ChangeResult, _lb_v1_ChangeResult__Output>
      Connect: MessageTypeDefinition<_lb_v1_Connect, _lb_v1_Connect__Output>
      ConnectionLog: MessageTypeDefinition<_lb_v1_ConnectionLog, _lb_v1_ConnectionLog__Output>
      CreatePoolRequest: MessageTypeDefinition<_lb_v1_CreatePoolRequest, _lb_v1_CreatePoolRequest__Output>
      DeletePoolRequest: MessageTypeDefinition<_lb_v1_DeletePoolRequest, _lb_v1_DeletePoolRequest__Output>
      GetPoolRequest: MessageTypeDefinition<_lb_v1_GetPoolRequest, _lb_v1_GetPoolRequest__Output>
      HealthCheck: MessageTypeDefinition<_lb_v1_HealthCheck, _lb_v1_HealthCheck__Output>
      ListPoolsRequest: MessageTypeDefinition<_lb_v1_ListPoolsRequest, _lb_v1_ListPoolsRequest__Output>
      ListPoolsResponse: MessageTypeDefinition<_lb_v1_ListPoolsResponse, _lb_v1_ListPoolsResponse__Output>
      Listener: MessageTypeDefinition<_lb_v1_Listener, _lb_v1_Listener__Output>
      ListenerEffect: MessageTypeDefinition<_lb_v1_ListenerEffect, _lb_v1_ListenerEffect__Output>
      Policy: MessageTypeDefinition<_lb_v1_Policy, _lb_v1_Policy__Output>
      Pool: MessageTypeDefinition<_lb_v1_Pool, _lb_v1_Pool__Output>
      PoolBackend: MessageTypeDefinition<_lb_v1_PoolBackend, _lb_v1_PoolBackend__Output>
      PoolEffect: MessageTypeDefinition<_lb_v1_PoolEffect, _lb_v1_PoolEffect__Output>
      /**
       * Pools and their backends.
       */
      PoolService: SubtypeConstructor<typeof grpc.Client, _lb_v1_PoolServiceClient> & { service: _lb_v1_PoolServiceDefinition }
      Position: MessageTypeDefinition<_lb_v1_Position, _lb_v1_Position__Output>
      RemoveBackendsRequest: MessageTypeDefinition<_lb_v1_RemoveBackendsRequest, _lb_v1_RemoveBackendsRequest__Output>
      Resource: MessageTypeDefinition<_lb_v1_Resource, _lb_v1_Resource__Output>
      ResourceChange: MessageTypeDefinition<_lb_v1_ResourceChange, _lb_v1_ResourceChange__Output>
      Strategy: EnumTypeDefinition
      Timeouts: MessageTypeDefinition<_lb_v1_Timeouts, _lb_v1_Timeouts__Output>
      UpdateBackendRequest: MessageTypeDefinition<_lb_v1_UpdateBackendRequest, _lb_v1_UpdateBackendRequest__Output>
      UpdatePoolRequest: MessageTypeDefinition<_lb_v1_UpdatePoolRequest, _lb_v1_UpdatePoolRequest__Output>
      Violation: MessageTypeDefinition<_lb_v1_Violation, _lb_v1_Violation__Output>
    }
  }
}

