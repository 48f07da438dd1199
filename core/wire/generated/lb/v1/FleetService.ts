// Original file: proto/lb/v1/fleet_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeleteProxyRequest as _lb_v1_DeleteProxyRequest, DeleteProxyRequest__Output as _lb_v1_DeleteProxyRequest__Output } from '../../lb/v1/DeleteProxyRequest.ts';
import type { DeleteProxyResponse as _lb_v1_DeleteProxyResponse, DeleteProxyResponse__Output as _lb_v1_DeleteProxyResponse__Output } from '../../lb/v1/DeleteProxyResponse.ts';
import type { ListBackendStatusRequest as _lb_v1_ListBackendStatusRequest, ListBackendStatusRequest__Output as _lb_v1_ListBackendStatusRequest__Output } from '../../lb/v1/ListBackendStatusRequest.ts';
import type { ListBackendStatusResponse as _lb_v1_ListBackendStatusResponse, ListBackendStatusResponse__Output as _lb_v1_ListBackendStatusResponse__Output } from '../../lb/v1/ListBackendStatusResponse.ts';
import type { ListProxiesRequest as _lb_v1_ListProxiesRequest, ListProxiesRequest__Output as _lb_v1_ListProxiesRequest__Output } from '../../lb/v1/ListProxiesRequest.ts';
import type { ListProxiesResponse as _lb_v1_ListProxiesResponse, ListProxiesResponse__Output as _lb_v1_ListProxiesResponse__Output } from '../../lb/v1/ListProxiesResponse.ts';

/**
 * What the proxies report, as this replica sees it.
 */
export interface FleetServiceClient extends grpc.Client {
  /**
   * Forgets a proxy that is gone for good. FAILED_PRECONDITION while it is connected.
   */
  DeleteProxy(argument: _lb_v1_DeleteProxyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_DeleteProxyResponse__Output>): grpc.ClientUnaryCall;
  DeleteProxy(argument: _lb_v1_DeleteProxyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_DeleteProxyResponse__Output>): grpc.ClientUnaryCall;
  DeleteProxy(argument: _lb_v1_DeleteProxyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_DeleteProxyResponse__Output>): grpc.ClientUnaryCall;
  DeleteProxy(argument: _lb_v1_DeleteProxyRequest, callback: grpc.requestCallback<_lb_v1_DeleteProxyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Forgets a proxy that is gone for good. FAILED_PRECONDITION while it is connected.
   */
  deleteProxy(argument: _lb_v1_DeleteProxyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_DeleteProxyResponse__Output>): grpc.ClientUnaryCall;
  deleteProxy(argument: _lb_v1_DeleteProxyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_DeleteProxyResponse__Output>): grpc.ClientUnaryCall;
  deleteProxy(argument: _lb_v1_DeleteProxyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_DeleteProxyResponse__Output>): grpc.ClientUnaryCall;
  deleteProxy(argument: _lb_v1_DeleteProxyRequest, callback: grpc.requestCallback<_lb_v1_DeleteProxyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Every backend as each proxy sees it.
   */
  ListBackendStatus(argument: _lb_v1_ListBackendStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListBackendStatusResponse__Output>): grpc.ClientUnaryCall;
  ListBackendStatus(argument: _lb_v1_ListBackendStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListBackendStatusResponse__Output>): grpc.ClientUnaryCall;
  ListBackendStatus(argument: _lb_v1_ListBackendStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListBackendStatusResponse__Output>): grpc.ClientUnaryCall;
  ListBackendStatus(argument: _lb_v1_ListBackendStatusRequest, callback: grpc.requestCallback<_lb_v1_ListBackendStatusResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Every backend as each proxy sees it.
   */
  listBackendStatus(argument: _lb_v1_ListBackendStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListBackendStatusResponse__Output>): grpc.ClientUnaryCall;
  listBackendStatus(argument: _lb_v1_ListBackendStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListBackendStatusResponse__Output>): grpc.ClientUnaryCall;
  listBackendStatus(argument: _lb_v1_ListBackendStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListBackendStatusResponse__Output>): grpc.ClientUnaryCall;
  listBackendStatus(argument: _lb_v1_ListBackendStatusRequest, callback: grpc.requestCallback<_lb_v1_ListBackendStatusResponse__Output>): grpc.ClientUnaryCall;
  
  ListProxies(argument: _lb_v1_ListProxiesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListProxiesResponse__Output>): grpc.ClientUnaryCall;
  ListProxies(argument: _lb_v1_ListProxiesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListProxiesResponse__Output>): grpc.ClientUnaryCall;
  ListProxies(argument: _lb_v1_ListProxiesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListProxiesResponse__Output>): grpc.ClientUnaryCall;
  ListProxies(argument: _lb_v1_ListProxiesRequest, callback: grpc.requestCallback<_lb_v1_ListProxiesResponse__Output>): grpc.ClientUnaryCall;
  listProxies(argument: _lb_v1_ListProxiesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListProxiesResponse__Output>): grpc.ClientUnaryCall;
  listProxies(argument: _lb_v1_ListProxiesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListProxiesResponse__Output>): grpc.ClientUnaryCall;
  listProxies(argument: _lb_v1_ListProxiesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListProxiesResponse__Output>): grpc.ClientUnaryCall;
  listProxies(argument: _lb_v1_ListProxiesRequest, callback: grpc.requestCallback<_lb_v1_ListProxiesResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * What the proxies report, as this replica sees it.
 */
export interface FleetServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Forgets a proxy that is gone for good. FAILED_PRECONDITION while it is connected.
   */
  DeleteProxy: grpc.handleUnaryCall<_lb_v1_DeleteProxyRequest__Output, _lb_v1_DeleteProxyResponse>;
  
  /**
   * Every backend as each proxy sees it.
   */
  ListBackendStatus: grpc.handleUnaryCall<_lb_v1_ListBackendStatusRequest__Output, _lb_v1_ListBackendStatusResponse>;
  
  ListProxies: grpc.handleUnaryCall<_lb_v1_ListProxiesRequest__Output, _lb_v1_ListProxiesResponse>;
  
}

export interface FleetServiceDefinition extends grpc.ServiceDefinition {
  DeleteProxy: MethodDefinition<_lb_v1_DeleteProxyRequest, _lb_v1_DeleteProxyResponse, _lb_v1_DeleteProxyRequest__Output, _lb_v1_DeleteProxyResponse__Output>
  ListBackendStatus: MethodDefinition<_lb_v1_ListBackendStatusRequest, _lb_v1_ListBackendStatusResponse, _lb_v1_ListBackendStatusRequest__Output, _lb_v1_ListBackendStatusResponse__Output>
  ListProxies: MethodDefinition<_lb_v1_ListProxiesRequest, _lb_v1_ListProxiesResponse, _lb_v1_ListProxiesRequest__Output, _lb_v1_ListProxiesResponse__Output>
}
