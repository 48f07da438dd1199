// Original file: proto/lb/v1/policy_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ChangeResult as _lb_v1_ChangeResult, ChangeResult__Output as _lb_v1_ChangeResult__Output } from '../../lb/v1/ChangeResult.ts';
import type { CreatePolicyRequest as _lb_v1_CreatePolicyRequest, CreatePolicyRequest__Output as _lb_v1_CreatePolicyRequest__Output } from '../../lb/v1/CreatePolicyRequest.ts';
import type { DeletePolicyRequest as _lb_v1_DeletePolicyRequest, DeletePolicyRequest__Output as _lb_v1_DeletePolicyRequest__Output } from '../../lb/v1/DeletePolicyRequest.ts';
import type { GetPolicyRequest as _lb_v1_GetPolicyRequest, GetPolicyRequest__Output as _lb_v1_GetPolicyRequest__Output } from '../../lb/v1/GetPolicyRequest.ts';
import type { ListPoliciesRequest as _lb_v1_ListPoliciesRequest, ListPoliciesRequest__Output as _lb_v1_ListPoliciesRequest__Output } from '../../lb/v1/ListPoliciesRequest.ts';
import type { ListPoliciesResponse as _lb_v1_ListPoliciesResponse, ListPoliciesResponse__Output as _lb_v1_ListPoliciesResponse__Output } from '../../lb/v1/ListPoliciesResponse.ts';
import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from '../../lb/v1/Policy.ts';
import type { UpdatePolicyRequest as _lb_v1_UpdatePolicyRequest, UpdatePolicyRequest__Output as _lb_v1_UpdatePolicyRequest__Output } from '../../lb/v1/UpdatePolicyRequest.ts';

/**
 * Policies: strategy, health checks, timeouts.
 */
export interface PolicyServiceClient extends grpc.Client {
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  CreatePolicy(argument: _lb_v1_CreatePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreatePolicy(argument: _lb_v1_CreatePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreatePolicy(argument: _lb_v1_CreatePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreatePolicy(argument: _lb_v1_CreatePolicyRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  createPolicy(argument: _lb_v1_CreatePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createPolicy(argument: _lb_v1_CreatePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createPolicy(argument: _lb_v1_CreatePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createPolicy(argument: _lb_v1_CreatePolicyRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  DeletePolicy(argument: _lb_v1_DeletePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeletePolicy(argument: _lb_v1_DeletePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeletePolicy(argument: _lb_v1_DeletePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeletePolicy(argument: _lb_v1_DeletePolicyRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  deletePolicy(argument: _lb_v1_DeletePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deletePolicy(argument: _lb_v1_DeletePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deletePolicy(argument: _lb_v1_DeletePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deletePolicy(argument: _lb_v1_DeletePolicyRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * NOT_FOUND when there is none of that name.
   */
  GetPolicy(argument: _lb_v1_GetPolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Policy__Output>): grpc.ClientUnaryCall;
  GetPolicy(argument: _lb_v1_GetPolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_Policy__Output>): grpc.ClientUnaryCall;
  GetPolicy(argument: _lb_v1_GetPolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Policy__Output>): grpc.ClientUnaryCall;
  GetPolicy(argument: _lb_v1_GetPolicyRequest, callback: grpc.requestCallback<_lb_v1_Policy__Output>): grpc.ClientUnaryCall;
  /**
   * NOT_FOUND when there is none of that name.
   */
  getPolicy(argument: _lb_v1_GetPolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Policy__Output>): grpc.ClientUnaryCall;
  getPolicy(argument: _lb_v1_GetPolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_Policy__Output>): grpc.ClientUnaryCall;
  getPolicy(argument: _lb_v1_GetPolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Policy__Output>): grpc.ClientUnaryCall;
  getPolicy(argument: _lb_v1_GetPolicyRequest, callback: grpc.requestCallback<_lb_v1_Policy__Output>): grpc.ClientUnaryCall;
  
  ListPolicies(argument: _lb_v1_ListPoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _lb_v1_ListPoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _lb_v1_ListPoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _lb_v1_ListPoliciesRequest, callback: grpc.requestCallback<_lb_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _lb_v1_ListPoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _lb_v1_ListPoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _lb_v1_ListPoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _lb_v1_ListPoliciesRequest, callback: grpc.requestCallback<_lb_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when policy.revision is set
   * and stale.
   */
  UpdatePolicy(argument: _lb_v1_UpdatePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdatePolicy(argument: _lb_v1_UpdatePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdatePolicy(argument: _lb_v1_UpdatePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdatePolicy(argument: _lb_v1_UpdatePolicyRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when policy.revision is set
   * and stale.
   */
  updatePolicy(argument: _lb_v1_UpdatePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updatePolicy(argument: _lb_v1_UpdatePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updatePolicy(argument: _lb_v1_UpdatePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updatePolicy(argument: _lb_v1_UpdatePolicyRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Policies: strategy, health checks, timeouts.
 */
export interface PolicyServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  CreatePolicy: grpc.handleUnaryCall<_lb_v1_CreatePolicyRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  DeletePolicy: grpc.handleUnaryCall<_lb_v1_DeletePolicyRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * NOT_FOUND when there is none of that name.
   */
  GetPolicy: grpc.handleUnaryCall<_lb_v1_GetPolicyRequest__Output, _lb_v1_Policy>;
  
  ListPolicies: grpc.handleUnaryCall<_lb_v1_ListPoliciesRequest__Output, _lb_v1_ListPoliciesResponse>;
  
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when policy.revision is set
   * and stale.
   */
  UpdatePolicy: grpc.handleUnaryCall<_lb_v1_UpdatePolicyRequest__Output, _lb_v1_ChangeResult>;
  
}

export interface PolicyServiceDefinition extends grpc.ServiceDefinition {
  CreatePolicy: MethodDefinition<_lb_v1_CreatePolicyRequest, _lb_v1_ChangeResult, _lb_v1_CreatePolicyRequest__Output, _lb_v1_ChangeResult__Output>
  DeletePolicy: MethodDefinition<_lb_v1_DeletePolicyRequest, _lb_v1_ChangeResult, _lb_v1_DeletePolicyRequest__Output, _lb_v1_ChangeResult__Output>
  GetPolicy: MethodDefinition<_lb_v1_GetPolicyRequest, _lb_v1_Policy, _lb_v1_GetPolicyRequest__Output, _lb_v1_Policy__Output>
  ListPolicies: MethodDefinition<_lb_v1_ListPoliciesRequest, _lb_v1_ListPoliciesResponse, _lb_v1_ListPoliciesRequest__Output, _lb_v1_ListPoliciesResponse__Output>
  UpdatePolicy: MethodDefinition<_lb_v1_UpdatePolicyRequest, _lb_v1_ChangeResult, _lb_v1_UpdatePolicyRequest__Output, _lb_v1_ChangeResult__Output>
}
