// Original file: proto/lb/v1/fleet_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeleteProxyRequest as _lb_v1_DeleteProxyRequest, DeleteProxyRequest__Output as _lb_v1_DeleteProxyRequest__Output } from '../../lb/v1/DeleteProxyRequest.ts';
import type { DeleteProxyResponse as _lb_v1_DeleteProxyResponse, DeleteProxyResponse__Output as _lb_v1_DeleteProxyResponse__Output } from '../../lb/v1/DeleteProxyResponse.ts';
import type { ListBackendStatusRequest as _lb_v1_ListBackendStatusRequest, ListBackendStatusRequest__Output as _lb_v1_ListBackendStatusRequest__Output } from '../../lb/v1/ListBackendStatusRequest.ts';
import type { ListBackendStatusResponse as _lb_v1_ListBackendStatusResponse, ListBackendStatusResponse__Output as _lb_v1_ListBackendStatusResponse__Output } from '../../lb/v1/ListBackendStatusResponse.ts';
import type { ListProxiesRequest as _lb_v1_ListProxiesRequest, ListProxiesRequest__Output as _lb_v1_ListProxiesRequest__Output } from '../../lb/v1/ListProxiesRequest.ts';
import type { ListProxiesResponse as _lb_v1_ListProxiesResponse, ListProxiesResponse__Output as _lb_v1_ListProxiesResponse__Output } from '../../lb/v1/ListProxiesResponse.ts';
import type { StatsFrame as _lb_v1_StatsFrame, StatsFrame__Output as _lb_v1_StatsFrame__Output } from '../../lb/v1/StatsFrame.ts';
import type { WatchStatsRequest as _lb_v1_WatchStatsRequest, WatchStatsRequest__Output as _lb_v1_WatchStatsRequest__Output } from '../../lb/v1/WatchStatsRequest.ts';

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
  
  /**
   * Rates and quantiles of the fleet, a frame every interval, for as long as the caller listens. A caller that reads too
   * slowly misses frames, and gets the newest one then.
   */
  WatchStats(argument: _lb_v1_WatchStatsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_StatsFrame__Output>;
  WatchStats(argument: _lb_v1_WatchStatsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_StatsFrame__Output>;
  /**
   * Rates and quantiles of the fleet, a frame every interval, for as long as the caller listens. A caller that reads too
   * slowly misses frames, and gets the newest one then.
   */
  watchStats(argument: _lb_v1_WatchStatsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_StatsFrame__Output>;
  watchStats(argument: _lb_v1_WatchStatsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_StatsFrame__Output>;
  
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
  
  /**
   * Rates and quantiles of the fleet, a frame every interval, for as long as the caller listens. A caller that reads too
   * slowly misses frames, and gets the newest one then.
   */
  WatchStats: grpc.handleServerStreamingCall<_lb_v1_WatchStatsRequest__Output, _lb_v1_StatsFrame>;
  
}

export interface FleetServiceDefinition extends grpc.ServiceDefinition {
  DeleteProxy: MethodDefinition<_lb_v1_DeleteProxyRequest, _lb_v1_DeleteProxyResponse, _lb_v1_DeleteProxyRequest__Output, _lb_v1_DeleteProxyResponse__Output>
  ListBackendStatus: MethodDefinition<_lb_v1_ListBackendStatusRequest, _lb_v1_ListBackendStatusResponse, _lb_v1_ListBackendStatusRequest__Output, _lb_v1_ListBackendStatusResponse__Output>
  ListProxies: MethodDefinition<_lb_v1_ListProxiesRequest, _lb_v1_ListProxiesResponse, _lb_v1_ListProxiesRequest__Output, _lb_v1_ListProxiesResponse__Output>
  WatchStats: MethodDefinition<_lb_v1_WatchStatsRequest, _lb_v1_StatsFrame, _lb_v1_WatchStatsRequest__Output, _lb_v1_StatsFrame__Output>
}
