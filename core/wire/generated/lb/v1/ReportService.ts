// Original file: proto/lb/v1/report_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { StreamReportsRequest as _lb_v1_StreamReportsRequest, StreamReportsRequest__Output as _lb_v1_StreamReportsRequest__Output } from '../../lb/v1/StreamReportsRequest.ts';
import type { StreamReportsResponse as _lb_v1_StreamReportsResponse, StreamReportsResponse__Output as _lb_v1_StreamReportsResponse__Output } from '../../lb/v1/StreamReportsResponse.ts';

export interface ReportServiceClient extends grpc.Client {
  /**
   * Everything once at the start; then health transitions and applied snapshots at once, changed counters every second.
   */
  StreamReports(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_StreamReportsRequest, _lb_v1_StreamReportsResponse__Output>;
  StreamReports(options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_StreamReportsRequest, _lb_v1_StreamReportsResponse__Output>;
  /**
   * Everything once at the start; then health transitions and applied snapshots at once, changed counters every second.
   */
  streamReports(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_StreamReportsRequest, _lb_v1_StreamReportsResponse__Output>;
  streamReports(options?: grpc.CallOptions): grpc.ClientDuplexStream<_lb_v1_StreamReportsRequest, _lb_v1_StreamReportsResponse__Output>;
  
}

export interface ReportServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Everything once at the start; then health transitions and applied snapshots at once, changed counters every second.
   */
  StreamReports: grpc.handleBidiStreamingCall<_lb_v1_StreamReportsRequest__Output, _lb_v1_StreamReportsResponse>;
  
}

export interface ReportServiceDefinition extends grpc.ServiceDefinition {
  StreamReports: MethodDefinition<_lb_v1_StreamReportsRequest, _lb_v1_StreamReportsResponse, _lb_v1_StreamReportsRequest__Output, _lb_v1_StreamReportsResponse__Output>
}
