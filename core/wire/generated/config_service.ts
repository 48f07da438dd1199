import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from './google/protobuf/Timestamp.ts';
import type { AdoptStoreRequest as _lb_v1_AdoptStoreRequest, AdoptStoreRequest__Output as _lb_v1_AdoptStoreRequest__Output } from './lb/v1/AdoptStoreRequest.ts';
import type { ApplyRequest as _lb_v1_ApplyRequest, ApplyRequest__Output as _lb_v1_ApplyRequest__Output } from './lb/v1/ApplyRequest.ts';
import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from './lb/v1/Backend.ts';
import type { BackendShare as _lb_v1_BackendShare, BackendShare__Output as _lb_v1_BackendShare__Output } from './lb/v1/BackendShare.ts';
import type { ChangeResult as _lb_v1_ChangeResult, ChangeResult__Output as _lb_v1_ChangeResult__Output } from './lb/v1/ChangeResult.ts';
import type { ConfigServiceClient as _lb_v1_ConfigServiceClient, ConfigServiceDefinition as _lb_v1_ConfigServiceDefinition } from './lb/v1/ConfigService.ts';
import type { Connect as _lb_v1_Connect, Connect__Output as _lb_v1_Connect__Output } from './lb/v1/Connect.ts';
import type { ConnectionLog as _lb_v1_ConnectionLog, ConnectionLog__Output as _lb_v1_ConnectionLog__Output } from './lb/v1/ConnectionLog.ts';
import type { DiffRevisionsRequest as _lb_v1_DiffRevisionsRequest, DiffRevisionsRequest__Output as _lb_v1_DiffRevisionsRequest__Output } from './lb/v1/DiffRevisionsRequest.ts';
import type { DiffRevisionsResponse as _lb_v1_DiffRevisionsResponse, DiffRevisionsResponse__Output as _lb_v1_DiffRevisionsResponse__Output } from './lb/v1/DiffRevisionsResponse.ts';
import type { ExportRequest as _lb_v1_ExportRequest, ExportRequest__Output as _lb_v1_ExportRequest__Output } from './lb/v1/ExportRequest.ts';
import type { ExportResponse as _lb_v1_ExportResponse, ExportResponse__Output as _lb_v1_ExportResponse__Output } from './lb/v1/ExportResponse.ts';
import type { GetRevisionRequest as _lb_v1_GetRevisionRequest, GetRevisionRequest__Output as _lb_v1_GetRevisionRequest__Output } from './lb/v1/GetRevisionRequest.ts';
import type { GetRevisionResponse as _lb_v1_GetRevisionResponse, GetRevisionResponse__Output as _lb_v1_GetRevisionResponse__Output } from './lb/v1/GetRevisionResponse.ts';
import type { HealthCheck as _lb_v1_HealthCheck, HealthCheck__Output as _lb_v1_HealthCheck__Output } from './lb/v1/HealthCheck.ts';
import type { ListRevisionsRequest as _lb_v1_ListRevisionsRequest, ListRevisionsRequest__Output as _lb_v1_ListRevisionsRequest__Output } from './lb/v1/ListRevisionsRequest.ts';
import type { ListRevisionsResponse as _lb_v1_ListRevisionsResponse, ListRevisionsResponse__Output as _lb_v1_ListRevisionsResponse__Output } from './lb/v1/ListRevisionsResponse.ts';
import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from './lb/v1/Listener.ts';
import type { ListenerEffect as _lb_v1_ListenerEffect, ListenerEffect__Output as _lb_v1_ListenerEffect__Output } from './lb/v1/ListenerEffect.ts';
import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from './lb/v1/Policy.ts';
import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from './lb/v1/Pool.ts';
import type { PoolBackend as _lb_v1_PoolBackend, PoolBackend__Output as _lb_v1_PoolBackend__Output } from './lb/v1/PoolBackend.ts';
import type { PoolEffect as _lb_v1_PoolEffect, PoolEffect__Output as _lb_v1_PoolEffect__Output } from './lb/v1/PoolEffect.ts';
import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from './lb/v1/Position.ts';
import type { ProxyConvergence as _lb_v1_ProxyConvergence, ProxyConvergence__Output as _lb_v1_ProxyConvergence__Output } from './lb/v1/ProxyConvergence.ts';
import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from './lb/v1/Resource.ts';
import type { ResourceChange as _lb_v1_ResourceChange, ResourceChange__Output as _lb_v1_ResourceChange__Output } from './lb/v1/ResourceChange.ts';
import type { Revision as _lb_v1_Revision, Revision__Output as _lb_v1_Revision__Output } from './lb/v1/Revision.ts';
import type { RollbackRequest as _lb_v1_RollbackRequest, RollbackRequest__Output as _lb_v1_RollbackRequest__Output } from './lb/v1/RollbackRequest.ts';
import type { Timeouts as _lb_v1_Timeouts, Timeouts__Output as _lb_v1_Timeouts__Output } from './lb/v1/Timeouts.ts';
import type { Violation as _lb_v1_Violation, Violation__Output as _lb_v1_Violation__Output } from './lb/v1/Violation.ts';
import type { WaitConvergedRequest as _lb_v1_WaitConvergedRequest, WaitConvergedRequest__Output as _lb_v1_WaitConvergedRequest__Output } from './lb/v1/WaitConvergedRequest.ts';
import type { WaitConvergedResponse as _lb_v1_WaitConvergedResponse, WaitConvergedResponse__Output as _lb_v1_WaitConvergedResponse__Output } from './lb/v1/WaitConvergedResponse.ts';
import type { WatchRequest as _lb_v1_WatchRequest, WatchRequest__Output as _lb_v1_WatchRequest__Output } from './lb/v1/WatchRequest.ts';
import type { WatchResponse as _lb_v1_WatchResponse, WatchResponse__Output as _lb_v1_WatchResponse__Output } from './lb/v1/WatchResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Duration: MessageTypeDefinition<_google_protobuf_Duration, _google_protobuf_Duration__Output>
      Timestamp: MessageTypeDefinition<_google_protobuf_Timestamp, _google_protobuf_Timestamp__Output>
    }
  }
  lb: {
    v1: {
      AdoptStoreRequest: MessageTypeDefinition<_lb_v1_AdoptStoreRequest, _lb_v1_AdoptStoreRequest__Output>
      ApplyRequest: MessageTypeDefinition<_lb_v1_ApplyRequest, _lb_v1_ApplyRequest__Output>
      Backend: MessageTypeDefinition<_lb_v1_Backend, _lb_v1_Backend__Output>
      BackendShare: MessageTypeDefinition<_lb_v1_BackendShare, _lb_v1_BackendShare__Output>
      BackendState: EnumTypeDefinition
      ChangeResult: MessageTypeDefinition<_lb_v1_ChangeResult, _lb_v1_ChangeResult__Output>
      /**
       * The whole configuration at once, for tools.
       */
      ConfigService: SubtypeConstructor<typeof grpc.Client, _lb_v1_ConfigServiceClient> & { service: _lb_v1_ConfigServiceDefinition }
      Connect: MessageTypeDefinition<_lb_v1_Connect, _lb_v1_Connect__Output>
      ConnectionLog: MessageTypeDefinition<_lb_v1_ConnectionLog, _lb_v1_ConnectionLog__Output>
      DiffRevisionsRequest: MessageTypeDefinition<_lb_v1_DiffRevisionsRequest, _lb_v1_DiffRevisionsRequest__Output>
      DiffRevisionsResponse: MessageTypeDefinition<_lb_v1_DiffRevisionsResponse, _lb_v1_DiffRevisionsResponse__Output>
      ExportRequest: MessageTypeDefinition<_lb_v1_ExportRequest, _lb_v1_ExportRequest__Output>
      ExportResponse: MessageTypeDefinition<_lb_v1_ExportResponse, _lb_v1_ExportResponse__Output>
      GetRevisionRequest: MessageTypeDefinition<_lb_v1_GetRevisionRequest, _lb_v1_GetRevisionRequest__Output>
      GetRevisionResponse: MessageTypeDefinition<_lb_v1_GetRevisionResponse, _lb_v1_GetRevisionResponse__Output>
      HealthCheck: MessageTypeDefinition<_lb_v1_HealthCheck, _lb_v1_HealthCheck__Output>
      ListRevisionsRequest: MessageTypeDefinition<_lb_v1_ListRevisionsRequest, _lb_v1_ListRevisionsRequest__Output>
      ListRevisionsResponse: MessageTypeDefinition<_lb_v1_ListRevisionsResponse, _lb_v1_ListRevisionsResponse__Output>
      Listener: MessageTypeDefinition<_lb_v1_Listener, _lb_v1_Listener__Output>
      ListenerEffect: MessageTypeDefinition<_lb_v1_ListenerEffect, _lb_v1_ListenerEffect__Output>
      Policy: MessageTypeDefinition<_lb_v1_Policy, _lb_v1_Policy__Output>
      Pool: MessageTypeDefinition<_lb_v1_Pool, _lb_v1_Pool__Output>
      PoolBackend: MessageTypeDefinition<_lb_v1_PoolBackend, _lb_v1_PoolBackend__Output>
      PoolEffect: MessageTypeDefinition<_lb_v1_PoolEffect, _lb_v1_PoolEffect__Output>
      Position: MessageTypeDefinition<_lb_v1_Position, _lb_v1_Position__Output>
      ProxyConvergence: MessageTypeDefinition<_lb_v1_ProxyConvergence, _lb_v1_ProxyConvergence__Output>
      Resource: MessageTypeDefinition<_lb_v1_Resource, _lb_v1_Resource__Output>
      ResourceChange: MessageTypeDefinition<_lb_v1_ResourceChange, _lb_v1_ResourceChange__Output>
      Revision: MessageTypeDefinition<_lb_v1_Revision, _lb_v1_Revision__Output>
      RollbackRequest: MessageTypeDefinition<_lb_v1_RollbackRequest, _lb_v1_RollbackRequest__Output>
      Strategy: EnumTypeDefinition
      Timeouts: MessageTypeDefinition<_lb_v1_Timeouts, _lb_v1_Timeouts__Output>
      Violation: MessageTypeDefinition<_lb_v1_Violation, _lb_v1_Violation__Output>
      WaitConvergedRequest: MessageTypeDefinition<_lb_v1_WaitConvergedRequest, _lb_v1_WaitConvergedRequest__Output>
      WaitConvergedResponse: MessageTypeDefinition<_lb_v1_WaitConvergedResponse, _lb_v1_WaitConvergedResponse__Output>
      WatchRequest: MessageTypeDefinition<_lb_v1_WatchRequest, _lb_v1_WatchRequest__Output>
      WatchResponse: MessageTypeDefinition<_lb_v1_WatchResponse, _lb_v1_WatchResponse__Output>
    }
  }
}

