// Original file: proto/lb/v1/listener_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ChangeResult as _lb_v1_ChangeResult, ChangeResult__Output as _lb_v1_ChangeResult__Output } from '../../lb/v1/ChangeResult.ts';
import type { CreateListenerRequest as _lb_v1_CreateListenerRequest, CreateListenerRequest__Output as _lb_v1_CreateListenerRequest__Output } from '../../lb/v1/CreateListenerRequest.ts';
import type { DeleteListenerRequest as _lb_v1_DeleteListenerRequest, DeleteListenerRequest__Output as _lb_v1_DeleteListenerRequest__Output } from '../../lb/v1/DeleteListenerRequest.ts';
import type { GetListenerRequest as _lb_v1_GetListenerRequest, GetListenerRequest__Output as _lb_v1_GetListenerRequest__Output } from '../../lb/v1/GetListenerRequest.ts';
import type { ListListenersRequest as _lb_v1_ListListenersRequest, ListListenersRequest__Output as _lb_v1_ListListenersRequest__Output } from '../../lb/v1/ListListenersRequest.ts';
import type { ListListenersResponse as _lb_v1_ListListenersResponse, ListListenersResponse__Output as _lb_v1_ListListenersResponse__Output } from '../../lb/v1/ListListenersResponse.ts';
import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from '../../lb/v1/Listener.ts';
import type { UpdateListenerRequest as _lb_v1_UpdateListenerRequest, UpdateListenerRequest__Output as _lb_v1_UpdateListenerRequest__Output } from '../../lb/v1/UpdateListenerRequest.ts';

/**
 * Listeners: the addresses that proxies accept on.
 */
export interface ListenerServiceClient extends grpc.Client {
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  CreateListener(argument: _lb_v1_CreateListenerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreateListener(argument: _lb_v1_CreateListenerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreateListener(argument: _lb_v1_CreateListenerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  CreateListener(argument: _lb_v1_CreateListenerRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  createListener(argument: _lb_v1_CreateListenerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createListener(argument: _lb_v1_CreateListenerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createListener(argument: _lb_v1_CreateListenerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  createListener(argument: _lb_v1_CreateListenerRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  DeleteListener(argument: _lb_v1_DeleteListenerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeleteListener(argument: _lb_v1_DeleteListenerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeleteListener(argument: _lb_v1_DeleteListenerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  DeleteListener(argument: _lb_v1_DeleteListenerRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  deleteListener(argument: _lb_v1_DeleteListenerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deleteListener(argument: _lb_v1_DeleteListenerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deleteListener(argument: _lb_v1_DeleteListenerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  deleteListener(argument: _lb_v1_DeleteListenerRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * NOT_FOUND when there is none of that name.
   */
  GetListener(argument: _lb_v1_GetListenerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Listener__Output>): grpc.ClientUnaryCall;
  GetListener(argument: _lb_v1_GetListenerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_Listener__Output>): grpc.ClientUnaryCall;
  GetListener(argument: _lb_v1_GetListenerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Listener__Output>): grpc.ClientUnaryCall;
  GetListener(argument: _lb_v1_GetListenerRequest, callback: grpc.requestCallback<_lb_v1_Listener__Output>): grpc.ClientUnaryCall;
  /**
   * NOT_FOUND when there is none of that name.
   */
  getListener(argument: _lb_v1_GetListenerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Listener__Output>): grpc.ClientUnaryCall;
  getListener(argument: _lb_v1_GetListenerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_Listener__Output>): grpc.ClientUnaryCall;
  getListener(argument: _lb_v1_GetListenerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_Listener__Output>): grpc.ClientUnaryCall;
  getListener(argument: _lb_v1_GetListenerRequest, callback: grpc.requestCallback<_lb_v1_Listener__Output>): grpc.ClientUnaryCall;
  
  ListListeners(argument: _lb_v1_ListListenersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListListenersResponse__Output>): grpc.ClientUnaryCall;
  ListListeners(argument: _lb_v1_ListListenersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListListenersResponse__Output>): grpc.ClientUnaryCall;
  ListListeners(argument: _lb_v1_ListListenersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListListenersResponse__Output>): grpc.ClientUnaryCall;
  ListListeners(argument: _lb_v1_ListListenersRequest, callback: grpc.requestCallback<_lb_v1_ListListenersResponse__Output>): grpc.ClientUnaryCall;
  listListeners(argument: _lb_v1_ListListenersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListListenersResponse__Output>): grpc.ClientUnaryCall;
  listListeners(argument: _lb_v1_ListListenersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListListenersResponse__Output>): grpc.ClientUnaryCall;
  listListeners(argument: _lb_v1_ListListenersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListListenersResponse__Output>): grpc.ClientUnaryCall;
  listListeners(argument: _lb_v1_ListListenersRequest, callback: grpc.requestCallback<_lb_v1_ListListenersResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when listener.revision is set
   * and stale.
   */
  UpdateListener(argument: _lb_v1_UpdateListenerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdateListener(argument: _lb_v1_UpdateListenerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdateListener(argument: _lb_v1_UpdateListenerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  UpdateListener(argument: _lb_v1_UpdateListenerRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when listener.revision is set
   * and stale.
   */
  updateListener(argument: _lb_v1_UpdateListenerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updateListener(argument: _lb_v1_UpdateListenerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updateListener(argument: _lb_v1_UpdateListenerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  updateListener(argument: _lb_v1_UpdateListenerRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Listeners: the addresses that proxies accept on.
 */
export interface ListenerServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * ALREADY_EXISTS when the name is taken; INVALID_ARGUMENT with every violation.
   */
  CreateListener: grpc.handleUnaryCall<_lb_v1_CreateListenerRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * FAILED_PRECONDITION while something refers to it.
   */
  DeleteListener: grpc.handleUnaryCall<_lb_v1_DeleteListenerRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * NOT_FOUND when there is none of that name.
   */
  GetListener: grpc.handleUnaryCall<_lb_v1_GetListenerRequest__Output, _lb_v1_Listener>;
  
  ListListeners: grpc.handleUnaryCall<_lb_v1_ListListenersRequest__Output, _lb_v1_ListListenersResponse>;
  
  /**
   * Replaces the fields named in update_mask, or the whole resource without one. ABORTED when listener.revision is set
   * and stale.
   */
  UpdateListener: grpc.handleUnaryCall<_lb_v1_UpdateListenerRequest__Output, _lb_v1_ChangeResult>;
  
}

export interface ListenerServiceDefinition extends grpc.ServiceDefinition {
  CreateListener: MethodDefinition<_lb_v1_CreateListenerRequest, _lb_v1_ChangeResult, _lb_v1_CreateListenerRequest__Output, _lb_v1_ChangeResult__Output>
  DeleteListener: MethodDefinition<_lb_v1_DeleteListenerRequest, _lb_v1_ChangeResult, _lb_v1_DeleteListenerRequest__Output, _lb_v1_ChangeResult__Output>
  GetListener: MethodDefinition<_lb_v1_GetListenerRequest, _lb_v1_Listener, _lb_v1_GetListenerRequest__Output, _lb_v1_Listener__Output>
  ListListeners: MethodDefinition<_lb_v1_ListListenersRequest, _lb_v1_ListListenersResponse, _lb_v1_ListListenersRequest__Output, _lb_v1_ListListenersResponse__Output>
  UpdateListener: MethodDefinition<_lb_v1_UpdateListenerRequest, _lb_v1_ChangeResult, _lb_v1_UpdateListenerRequest__Output, _lb_v1_ChangeResult__Output>
}
