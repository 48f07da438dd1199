// Original file: proto/lb/v1/pool_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AddBackendsRequest as _lb_v1_AddBackendsRequest, AddBackendsRequest__Output as _lb_v1_AddBackendsRequest__Output } from '../../lb/v1/AddBackendsRequest.ts';
import type { ChangeResult as _lb_v1_ChangeResult, ChangeResult__Output as _lb_v1_ChangeResult__Output } from '../../lb/v1/ChangeResult.ts';
import type { CreatePoolRequest as _lb_v1_CreatePoolRequest, CreatePoolRequest__Output as _lb_v1_CreatePoolRequest__Output } from '../../lb/v1/CreatePoolRequest.ts';
import type { DeletePoolRequest as _lb_v1_DeletePoolRequest, DeletePoolRequest__Output as _lb_v1_DeletePoolRequest__Output } from '../../lb/v1/DeletePoolRequest.ts';
import type { GetPoolRequest as _lb_v1_GetPoolRequest, GetPoolRequest__Output as _lb_v1_GetPoolRequest__Output } from '../../lb/v1/GetPoolRequest.ts';
import type { ListPoolsRequest as _lb_v1_ListPoolsRequest, ListPoolsRequest__Output as _lb_v1_ListPoolsRequest__Output } from '../../lb/v1/ListPoolsRequest.ts';
import type { ListPoolsResponse as _lb_v1_ListPoolsResponse, ListPoolsResponse__Output as _lb_v1_ListPoolsResponse__Output } from '../../lb/v1/ListPoolsResponse.ts';
import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from '../../lb/v1/Pool.ts';
import type { RemoveBackendsRequest as _lb_v1_RemoveBackendsRequest, RemoveBackendsRequest__Output as _lb_v1_RemoveBackendsRequest__Output } from '../../lb/v1/RemoveBackendsRequest.ts';
import type { UpdateBackendRequest as _lb_v1_UpdateBackendRequest, UpdateBackendRequest__Output as _lb_v1_UpdateBackendRequest__Output } from '../../lb/v1/UpdateBackendRequest.ts';
import type { UpdatePoolRequest as _lb_v1_UpdatePoolRequest, UpdatePoolRequest__Output as _lb_v1_UpdatePoolRequest__Output } from '../../lb/v1/UpdatePoolRequest.ts';

/**
 * Pools and their backends.
 */
export interface PoolServiceClient extends grpc.Client {
  /**
   * All of them or none. ALREADY_EXISTS names each address the pool already has.
   */
  AddBackends(argument: _lb_v1_AddBackendsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  AddBackends(argument: _lb_v1_AddBackendsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  AddBackends(argument: _lb_v1_AddBackendsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  AddBackends(argument: _lb_v1_AddBackendsRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * All of them or none. ALREADY_EXISTS names each address the pool already has.
   */
  addBackends(argument: _lb_v1_AddBackendsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  addBackends(argument: _lb_v1_AddBackendsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  addBackends(argument: _lb_v1_AddBackendsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  addBackends(argument: _lb_v1_AddBackendsRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  CreatePool(argument: _lb_v1_CreatePoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreatePool(argument: _lb_v1_CreatePoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreatePool(argument: _lb_v1_CreatePoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreatePool(argument: _lb_v1_CreatePoolRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  createPool(argument: _lb_v1_CreatePoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createPool(argument: _lb_v1_CreatePoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createPool(argument: _lb_v1_CreatePoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createPool(argument: _lb_v1_CreatePoolRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  DeletePool(argument: _lb_v1_DeletePoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeletePool(argument: _lb_v1_DeletePoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeletePool(argument: _lb_v1_DeletePoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeletePool(argument: _lb_v1_DeletePoolRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  deletePool(argument: _lb_v1_DeletePoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deletePool(argument: _lb_v1_DeletePoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deletePool(argument: _lb_v1_DeletePoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deletePool(argument: _lb_v1_DeletePoolRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * NOT_FOUND when there is none of that name.
   */
  GetPool(argument: _lb_v1_GetPoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Pool__Output>): grpc.ClientUnaryCall;
  GetPool(argument: _lb_v1_GetPoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_Pool__Output>): grpc.ClientUnaryCall;
  GetPool(argument: _lb_v1_GetPoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Pool__Output>): grpc.ClientUnaryCall;
  GetPool(argument: _lb_v1_GetPoolRequest, callback: grpc.requestCallback<_lb_v1_Pool__Output>): grpc.ClientUnaryCall;
  /**
   * NOT_FOUND when there is none of that name.
   */
  getPool(argument: _lb_v1_GetPoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Pool__Output>): grpc.ClientUnaryCall;
  getPool(argument: _lb_v1_GetPoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_Pool__Output>): grpc.ClientUnaryCall;
  getPool(argument: _lb_v1_GetPoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Pool__Output>): grpc.ClientUnaryCall;
  getPool(argument: _lb_v1_GetPoolRequest, callback: grpc.requestCallback<_lb_v1_Pool__Output>): grpc.ClientUnaryCall;
  
  ListPools(argument: _lb_v1_ListPoolsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListPoolsResponse__Output>): grpc.ClientUnaryCall;
  ListPools(argument: _lb_v1_ListPoolsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListPoolsResponse__Output>): grpc.ClientUnaryCall;
  ListPools(argument: _lb_v1_ListPoolsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListPoolsResponse__Output>): grpc.ClientUnaryCall;
  ListPools(argument: _lb_v1_ListPoolsRequest, callback: grpc.requestCallback<_lb_v1_ListPoolsResponse__Output>): grpc.ClientUnaryCall;
  listPools(argument: _lb_v1_ListPoolsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListPoolsResponse__Output>): grpc.ClientUnaryCall;
  listPools(argument: _lb_v1_ListPoolsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListPoolsResponse__Output>): grpc.ClientUnaryCall;
  listPools(argument: _lb_v1_ListPoolsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListPoolsResponse__Output>): grpc.ClientUnaryCall;
  listPools(argument: _lb_v1_ListPoolsRequest, callback: grpc.requestCallback<_lb_v1_ListPoolsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * All of them or none. Established connections drain. NOT_FOUND names each address the pool doesn't have.
   */
  RemoveBackends(argument: _lb_v1_RemoveBackendsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  RemoveBackends(argument: _lb_v1_RemoveBackendsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  RemoveBackends(argument: _lb_v1_RemoveBackendsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  RemoveBackends(argument: _lb_v1_RemoveBackendsRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * All of them or none. Established connections drain. NOT_FOUND names each address the pool doesn't have.
   */
  removeBackends(argument: _lb_v1_RemoveBackendsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  removeBackends(argument: _lb_v1_RemoveBackendsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  removeBackends(argument: _lb_v1_RemoveBackendsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  removeBackends(argument: _lb_v1_RemoveBackendsRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * Changes the weight or the state of one backend; what is unset stays.
   */
  UpdateBackend(argument: _lb_v1_UpdateBackendRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdateBackend(argument: _lb_v1_UpdateBackendRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdateBackend(argument: _lb_v1_UpdateBackendRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdateBackend(argument: _lb_v1_UpdateBackendRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * Changes the weight or the state of one backend; what is unset stays.
   */
  updateBackend(argument: _lb_v1_UpdateBackendRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updateBackend(argument: _lb_v1_UpdateBackendRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updateBackend(argument: _lb_v1_UpdateBackendRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updateBackend(argument: _lb_v1_UpdateBackendRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when pool.revision is set
   * and stale.
   */
  UpdatePool(argument: _lb_v1_UpdatePoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdatePool(argument: _lb_v1_UpdatePoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdatePool(argument: _lb_v1_UpdatePoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdatePool(argument: _lb_v1_UpdatePoolRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when pool.revision is set
   * and stale.
   */
  updatePool(argument: _lb_v1_UpdatePoolRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updatePool(argument: _lb_v1_UpdatePoolRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updatePool(argument: _lb_v1_UpdatePoolRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updatePool(argument: _lb_v1_UpdatePoolRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Pools and their backends.
 */
export interface PoolServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * All of them or none. ALREADY_EXISTS names each address the pool already has.
   */
  AddBackends: grpc.handleUnaryCall<_lb_v1_AddBackendsRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  CreatePool: grpc.handleUnaryCall<_lb_v1_CreatePoolRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  DeletePool: grpc.handleUnaryCall<_lb_v1_DeletePoolRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * NOT_FOUND when there is none of that name.
   */
  GetPool: grpc.handleUnaryCall<_lb_v1_GetPoolRequest__Output, _lb_v1_Pool>;
  
  ListPools: grpc.handleUnaryCall<_lb_v1_ListPoolsRequest__Output, _lb_v1_ListPoolsResponse>;
  
  /**
   * All of them or none. Established connections drain. NOT_FOUND names each address the pool doesn't have.
   */
  RemoveBackends: grpc.handleUnaryCall<_lb_v1_RemoveBackendsRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * Changes the weight or the state of one backend; what is unset stays.
   */
  UpdateBackend: grpc.handleUnaryCall<_lb_v1_UpdateBackendRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when pool.revision is set
   * and stale.
   */
  UpdatePool: grpc.handleUnaryCall<_lb_v1_UpdatePoolRequest__Output, _lb_v1_ChangeResult>;
  
}

export interface PoolServiceDefinition extends grpc.ServiceDefinition {
  AddBackends: MethodDefinition<_lb_v1_AddBackendsRequest, _lb_v1_ChangeResult, _lb_v1_AddBackendsRequest__Output, _lb_v1_ChangeResult__Output>
  CreatePool: MethodDefinition<_lb_v1_CreatePoolRequest, _lb_v1_ChangeResult, _lb_v1_CreatePoolRequest__Output, _lb_v1_ChangeResult__Output>
  DeletePool: MethodDefinition<_lb_v1_DeletePoolRequest, _lb_v1_ChangeResult, _lb_v1_DeletePoolRequest__Output, _lb_v1_ChangeResult__Output>
  GetPool: MethodDefinition<_lb_v1_GetPoolRequest, _lb_v1_Pool, _lb_v1_GetPoolRequest__Output, _lb_v1_Pool__Output>
  ListPools: MethodDefinition<_lb_v1_ListPoolsRequest, _lb_v1_ListPoolsResponse, _lb_v1_ListPoolsRequest__Output, _lb_v1_ListPoolsResponse__Output>
  RemoveBackends: MethodDefinition<_lb_v1_RemoveBackendsRequest, _lb_v1_ChangeResult, _lb_v1_RemoveBackendsRequest__Output, _lb_v1_ChangeResult__Output>
  UpdateBackend: MethodDefinition<_lb_v1_UpdateBackendRequest, _lb_v1_ChangeResult, _lb_v1_UpdateBackendRequest__Output, _lb_v1_ChangeResult__Output>
  UpdatePool: MethodDefinition<_lb_v1_UpdatePoolRequest, _lb_v1_ChangeResult, _lb_v1_UpdatePoolRequest__Output, _lb_v1_ChangeResult__Output>
}
