// Original file: proto/lb/v1/registration_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ListRegistrationsRequest as _lb_v1_ListRegistrationsRequest, ListRegistrationsRequest__Output as _lb_v1_ListRegistrationsRequest__Output } from '../../lb/v1/ListRegistrationsRequest.ts';
import type { ListRegistrationsResponse as _lb_v1_ListRegistrationsResponse, ListRegistrationsResponse__Output as _lb_v1_ListRegistrationsResponse__Output } from '../../lb/v1/ListRegistrationsResponse.ts';
import type { RegisterRequest as _lb_v1_RegisterRequest, RegisterRequest__Output as _lb_v1_RegisterRequest__Output } from '../../lb/v1/RegisterRequest.ts';
import type { RegisterResponse as _lb_v1_RegisterResponse, RegisterResponse__Output as _lb_v1_RegisterResponse__Output } from '../../lb/v1/RegisterResponse.ts';

export interface RegistrationServiceClient extends grpc.Client {
  /**
   * Every registration, and what became of it.
   */
  ListRegistrations(argument: _lb_v1_ListRegistrationsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListRegistrationsResponse__Output>): grpc.ClientUnaryCall;
  ListRegistrations(argument: _lb_v1_ListRegistrationsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListRegistrationsResponse__Output>): grpc.ClientUnaryCall;
  ListRegistrations(argument: _lb_v1_ListRegistrationsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListRegistrationsResponse__Output>): grpc.ClientUnaryCall;
  ListRegistrations(argument: _lb_v1_ListRegistrationsRequest, callback: grpc.requestCallback<_lb_v1_ListRegistrationsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Every registration, and what became of it.
   */
  listRegistrations(argument: _lb_v1_ListRegistrationsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListRegistrationsResponse__Output>): grpc.ClientUnaryCall;
  listRegistrations(argument: _lb_v1_ListRegistrationsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListRegistrationsResponse__Output>): grpc.ClientUnaryCall;
  listRegistrations(argument: _lb_v1_ListRegistrationsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListRegistrationsResponse__Output>): grpc.ClientUnaryCall;
  listRegistrations(argument: _lb_v1_ListRegistrationsRequest, callback: grpc.requestCallback<_lb_v1_ListRegistrationsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Keeps the caller in a pool while this stream lives. The first message says as what; further ones are empty and are
   * signs of life: a caller that sends them is held to them, and counts as lost after a `ttl` without one.
   * 
   * The caller ends its side: it is drained, and the stream ends once no connected proxy has a connection to it, at the
   * latest after the drain timeout of the pool's policy. The stream is lost: it leaves the pool after the `ttl`, unless
   * it comes back before, at whichever replica, with the same instance_id. So on UNAVAILABLE: open another stream at once.
   * 
   * INVALID_ARGUMENT with every violation; ALREADY_EXISTS when another instance has registered the address since;
   * ABORTED when a newer stream of the same instance has.
   */
  Register(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_RegisterRequest, _lb_v1_RegisterResponse__Output>;
  Register(options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_RegisterRequest, _lb_v1_RegisterResponse__Output>;
  /**
   * Keeps the caller in a pool while this stream lives. The first message says as what; further ones are empty and are
   * signs of life: a caller that sends them is held to them, and counts as lost after a `ttl` without one.
   * 
   * The caller ends its side: it is drained, and the stream ends once no connected proxy has a connection to it, at the
   * latest after the drain timeout of the pool's policy. The stream is lost: it leaves the pool after the `ttl`, unless
   * it comes back before, at whichever replica, with the same instance_id. So on UNAVAILABLE: open another stream at once.
   * 
   * INVALID_ARGUMENT with every violation; ALREADY_EXISTS when another instance has registered the address since;
   * ABORTED when a newer stream of the same instance has.
   */
  register(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_RegisterRequest, _lb_v1_RegisterResponse__Output>;
  register(options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_RegisterRequest, _lb_v1_RegisterResponse__Output>;
  
}

export interface RegistrationServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Every registration, and what became of it.
   */
  ListRegistrations: grpc.handleUnaryCall<_lb_v1_ListRegistrationsRequest__Output, _lb_v1_ListRegistrationsResponse>;
  
  /**
   * Keeps the caller in a pool while this stream lives. The first message says as what; further ones are empty and are
   * signs of life: a caller that sends them is held to them, and counts as lost after a `ttl` without one.
   * 
   * The caller ends its side: it is drained, and the stream ends once no connected proxy has a connection to it, at the
   * latest after the drain timeout of the pool's policy. The stream is lost: it leaves the pool after the `ttl`, unless
   * it comes back before, at whichever replica, with the same instance_id. So on UNAVAILABLE: open another stream at once.
   * 
   * INVALID_ARGUMENT with every violation; ALREADY_EXISTS when another instance has registered the address since;
   * ABORTED when a newer stream of the same instance has.
   */
  Register: grpc.handleBidiStreamingCall<_lb_v1_RegisterRequest__Output, _lb_v1_RegisterResponse>;
  
}

export interface RegistrationServiceDefinition extends grpc.ServiceDefinition {
  ListRegistrations: MethodDefinition<_lb_v1_ListRegistrationsRequest, _lb_v1_ListRegistrationsResponse, _lb_v1_ListRegistrationsRequest__Output, _lb_v1_ListRegistrationsResponse__Output>
  Register: MethodDefinition<_lb_v1_RegisterRequest, _lb_v1_RegisterResponse, _lb_v1_RegisterRequest__Output, _lb_v1_RegisterResponse__Output>
}
