// Original file: proto/lb/v1/discovery_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { StreamSnapshotsRequest as _lb_v1_StreamSnapshotsRequest, StreamSnapshotsRequest__Output as _lb_v1_StreamSnapshotsRequest__Output } from '../../lb/v1/StreamSnapshotsRequest.ts';
import type { StreamSnapshotsResponse as _lb_v1_StreamSnapshotsResponse, StreamSnapshotsResponse__Output as _lb_v1_StreamSnapshotsResponse__Output } from '../../lb/v1/StreamSnapshotsResponse.ts';

export interface DiscoveryServiceClient extends grpc.Client {
  StreamSnapshots(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_StreamSnapshotsRequest, _lb_v1_StreamSnapshotsResponse__Output>;
  StreamSnapshots(options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_StreamSnapshotsRequest, _lb_v1_StreamSnapshotsResponse__Output>;
  streamSnapshots(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_StreamSnapshotsRequest, _lb_v1_StreamSnapshotsResponse__Output>;
  streamSnapshots(options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_StreamSnapshotsRequest, _lb_v1_StreamSnapshotsResponse__Output>;
  
}

export interface DiscoveryServiceHandlers extends grpc.UntypedServiceImplementation {
  StreamSnapshots: grpc.handleBidiStreamingCall<_lb_v1_StreamSnapshotsRequest__Output, _lb_v1_StreamSnapshotsResponse>;
  
}

export interface DiscoveryServiceDefinition extends grpc.ServiceDefinition {
  StreamSnapshots: MethodDefinition<_lb_v1_StreamSnapshotsRequest, _lb_v1_StreamSnapshotsResponse, _lb_v1_StreamSnapshotsRequest__Output, _lb_v1_StreamSnapshotsResponse__Output>
}
