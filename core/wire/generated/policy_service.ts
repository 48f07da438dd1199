import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from './google/protobuf/FieldMask.ts';
import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from './lb/v1/Backend.ts';
import type { BackendShare as _lb_v1_BackendShare, BackendShare__Output as _lb_v1_BackendShare__Output } from './lb/v1/BackendShare.ts';
import type { ChangeResult as _lb_v1_ChangeResult, ChangeResult__Output as _lb_v1_ChangeResult__Output } from './lb/v1/ChangeResult.ts';
import type { Connect as _lb_v1_Connect, Connect__Output as _lb_v1_Connect__Output } from './lb/v1/Connect.ts';
import type { ConnectionLog as _lb_v1_ConnectionLog, ConnectionLog__Output as _lb_v1_ConnectionLog__Output } from './lb/v1/ConnectionLog.ts';
import type { CreatePolicyRequest as _lb_v1_CreatePolicyRequest, CreatePolicyRequest__Output as _lb_v1_CreatePolicyRequest__Output } from './lb/v1/CreatePolicyRequest.ts';
import type { DeletePolicyRequest as _lb_v1_DeletePolicyRequest, DeletePolicyRequest__Output as _lb_v1_DeletePolicyRequest__Output } from './lb/v1/DeletePolicyRequest.ts';
import type { GetPolicyRequest as _lb_v1_GetPolicyRequest, GetPolicyRequest__Output as _lb_v1_GetPolicyRequest__Output } from './lb/v1/GetPolicyRequest.ts';
import type { HealthCheck as _lb_v1_HealthCheck, HealthCheck__Output as _lb_v1_HealthCheck__Output } from './lb/v1/HealthCheck.ts';
import type { ListPoliciesRequest as _lb_v1_ListPoliciesRequest, ListPoliciesRequest__Output as _lb_v1_ListPoliciesRequest__Output } from './lb/v1/ListPoliciesRequest.ts';
import type { ListPoliciesResponse as _lb_v1_ListPoliciesResponse, ListPoliciesResponse__Output as _lb_v1_ListPoliciesResponse__Output } from './lb/v1/ListPoliciesResponse.ts';
import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from './lb/v1/Listener.ts';
import type { ListenerEffect as _lb_v1_ListenerEffect, ListenerEffect__Output as _lb_v1_ListenerEffect__Output } from './lb/v1/ListenerEffect.ts';
import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from './lb/v1/Policy.ts';
import type { PolicyServiceClient as _lb_v1_PolicyServiceClient, PolicyServiceDefinition as _lb_v1_PolicyServiceDefinition } from './lb/v1/PolicyService.ts';
import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from './lb/v1/Pool.ts';
import type { PoolBackend as _lb_v1_PoolBackend, PoolBackend__Output as _lb_v1_PoolBackend__Output } from './lb/v1/PoolBackend.ts';
import type { PoolEffect as _lb_v1_PoolEffect, PoolEffect__Output as _lb_v1_PoolEffect__Output } from './lb/v1/PoolEffect.ts';
import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from './lb/v1/Position.ts';
import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from './lb/v1/Resource.ts';
import type { ResourceChange as _lb_v1_ResourceChange, ResourceChange__Output as _lb_v1_ResourceChange__Output } from './lb/v1/ResourceChange.ts';
import type { Timeouts as _lb_v1_Timeouts, Timeouts__Output as _lb_v1_Timeouts__Output } from './lb/v1/Timeouts.ts';
import type { UpdatePolicyRequest as _lb_v1_UpdatePolicyRequest, UpdatePolicyRequest__Output as _lb_v1_UpdatePolicyRequest__Output } from './lb/v1/UpdatePolicyRequest.ts';
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
      Backend: MessageTypeDefinition<_lb_v1_Backend, _lb_v1_Backend__Output>
      BackendShare: MessageTypeDefinition<_lb_v1_BackendShare, _lb_v1_BackendShare__Output>
      BackendState: EnumTypeDefinition
      ChangeResult: MessageTypeDefinition<_lb_v1_ChangeResult, _lb_v1_ChangeResult__Output>
      Connect: MessageTypeDefinition<_lb_v1_Connect, _lb_v1_Connect__Output>
      ConnectionLog: MessageTypeDefinition<_lb_v1_ConnectionLog, _lb_v1_ConnectionLog__Output>
      CreatePolicyRequest: MessageTypeDefinition<_lb_v1_CreatePolicyRequest, _lb_v1_CreatePolicyRequest__Output>
      DeletePolicyRequest: MessageTypeDefinition<_lb_v1_DeletePolicyRequest, _lb_v1_DeletePolicyRequest__Output>
      GetPolicyRequest: MessageTypeDefinition<_lb_v1_GetPolicyRequest, _lb_v1_GetPolicyRequest__Output>
      HealthCheck: MessageTypeDefinition<_lb_v1_HealthCheck, _lb_v1_HealthCheck__Output>
      ListPoliciesRequest: MessageTypeDefinition<_lb_v1_ListPoliciesRequest, _lb_v1_ListPoliciesRequest__Output>
      ListPoliciesResponse: MessageTypeDefinition<_lb_v1_ListPoliciesResponse, _lb_v1_ListPoliciesResponse__Output>
      Listener: MessageTypeDefinition<_lb_v1_Listener, _lb_v1_Listener__Output>
      ListenerEffect: MessageTypeDefinition<_lb_v1_ListenerEffect, _lb_v1_ListenerEffect__Output>
      Policy: MessageTypeDefinition<_lb_v1_Policy, _lb_v1_Policy__Output>
      /**
       * Policies: strategy, health checks, timeouts.
       */
      PolicyService: SubtypeConstructor<typeof grpc.Client, _lb_v1_PolicyServiceClient> & { service: _lb_v1_PolicyServiceDefinition }
      Pool: MessageTypeDefinition<_lb_v1_Pool, _lb_v1_Pool__Output>
      PoolBackend: MessageTypeDefinition<_lb_v1_PoolBackend, _lb_v1_PoolBackend__Output>
      PoolEffect: MessageTypeDefinition<_lb_v1_PoolEffect, _lb_v1_PoolEffect__Output>
      Position: MessageTypeDefinition<_lb_v1_Position, _lb_v1_Position__Output>
      Resource: MessageTypeDefinition<_lb_v1_Resource, _lb_v1_Resource__Output>
      ResourceChange: MessageTypeDefinition<_lb_v1_ResourceChange, _lb_v1_ResourceChange__Output>
      Strategy: EnumTypeDefinition
      Timeouts: MessageTypeDefinition<_lb_v1_Timeouts, _lb_v1_Timeouts__Output>
      UpdatePolicyRequest: MessageTypeDefinition<_lb_v1_UpdatePolicyRequest, _lb_v1_UpdatePolicyRequest__Output>
      Violation: MessageTypeDefinition<_lb_v1_Violation, _lb_v1_Violation__Output>
    }
  }
}

