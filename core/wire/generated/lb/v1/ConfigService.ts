// Original file: proto/lb/v1/config_service.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AdoptStoreRequest as _lb_v1_AdoptStoreRequest, AdoptStoreRequest__Output as _lb_v1_AdoptStoreRequest__Output } from '../../lb/v1/AdoptStoreRequest.ts';
import type { ApplyRequest as _lb_v1_ApplyRequest, ApplyRequest__Output as _lb_v1_ApplyRequest__Output } from '../../lb/v1/ApplyRequest.ts';
import type { ChangeResult as _lb_v1_ChangeResult, ChangeResult__Output as _lb_v1_ChangeResult__Output } from '../../lb/v1/ChangeResult.ts';
import type { DiffRevisionsRequest as _lb_v1_DiffRevisionsRequest, DiffRevisionsRequest__Output as _lb_v1_DiffRevisionsRequest__Output } from '../../lb/v1/DiffRevisionsRequest.ts';
import type { DiffRevisionsResponse as _lb_v1_DiffRevisionsResponse, DiffRevisionsResponse__Output as _lb_v1_DiffRevisionsResponse__Output } from '../../lb/v1/DiffRevisionsResponse.ts';
import type { ExportRequest as _lb_v1_ExportRequest, ExportRequest__Output as _lb_v1_ExportRequest__Output } from '../../lb/v1/ExportRequest.ts';
import type { ExportResponse as _lb_v1_ExportResponse, ExportResponse__Output as _lb_v1_ExportResponse__Output } from '../../lb/v1/ExportResponse.ts';
import type { GetRevisionRequest as _lb_v1_GetRevisionRequest, GetRevisionRequest__Output as _lb_v1_GetRevisionRequest__Output } from '../../lb/v1/GetRevisionRequest.ts';
import type { GetRevisionResponse as _lb_v1_GetRevisionResponse, GetRevisionResponse__Output as _lb_v1_GetRevisionResponse__Output } from '../../lb/v1/GetRevisionResponse.ts';
import type { ListRevisionsRequest as _lb_v1_ListRevisionsRequest, ListRevisionsRequest__Output as _lb_v1_ListRevisionsRequest__Output } from '../../lb/v1/ListRevisionsRequest.ts';
import type { ListRevisionsResponse as _lb_v1_ListRevisionsResponse, ListRevisionsResponse__Output as _lb_v1_ListRevisionsResponse__Output } from '../../lb/v1/ListRevisionsResponse.ts';
import type { RollbackRequest as _lb_v1_RollbackRequest, RollbackRequest__Output as _lb_v1_RollbackRequest__Output } from '../../lb/v1/RollbackRequest.ts';
import type { WaitConvergedRequest as _lb_v1_WaitConvergedRequest, WaitConvergedRequest__Output as _lb_v1_WaitConvergedRequest__Output } from '../../lb/v1/WaitConvergedRequest.ts';
import type { WaitConvergedResponse as _lb_v1_WaitConvergedResponse, WaitConvergedResponse__Output as _lb_v1_WaitConvergedResponse__Output } from '../../lb/v1/WaitConvergedResponse.ts';
import type { WatchRequest as _lb_v1_WatchRequest, WatchRequest__Output as _lb_v1_WatchRequest__Output } from '../../lb/v1/WatchRequest.ts';
import type { WatchResponse as _lb_v1_WatchResponse, WatchResponse__Output as _lb_v1_WatchResponse__Output } from '../../lb/v1/WatchResponse.ts';

/**
 * The whole configuration at once, for tools.
 */
export interface ConfigServiceClient extends grpc.Client {
  /**
   * Accepts the store as it is now, in place of those that control planes and proxies followed: it was wiped and filled
   * again, restored from a backup, or moved. Everybody goes on with it.
   */
  AdoptStore(argument: _lb_v1_AdoptStoreRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  AdoptStore(argument: _lb_v1_AdoptStoreRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  AdoptStore(argument: _lb_v1_AdoptStoreRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  AdoptStore(argument: _lb_v1_AdoptStoreRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * Accepts the store as it is now, in place of those that control planes and proxies followed: it was wiped and filled
   * again, restored from a backup, or moved. Everybody goes on with it.
   */
  adoptStore(argument: _lb_v1_AdoptStoreRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  adoptStore(argument: _lb_v1_AdoptStoreRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  adoptStore(argument: _lb_v1_AdoptStoreRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  adoptStore(argument: _lb_v1_AdoptStoreRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * Replaces each resource that is named, whole, in one commit or not at all. Others stay, unless prune.
   */
  Apply(argument: _lb_v1_ApplyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  Apply(argument: _lb_v1_ApplyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  Apply(argument: _lb_v1_ApplyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  Apply(argument: _lb_v1_ApplyRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * Replaces each resource that is named, whole, in one commit or not at all. Others stay, unless prune.
   */
  apply(argument: _lb_v1_ApplyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  apply(argument: _lb_v1_ApplyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  apply(argument: _lb_v1_ApplyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  apply(argument: _lb_v1_ApplyRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * What differs between two revisions.
   */
  DiffRevisions(argument: _lb_v1_DiffRevisionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_DiffRevisionsResponse__Output>): grpc.ClientUnaryCall;
  DiffRevisions(argument: _lb_v1_DiffRevisionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_DiffRevisionsResponse__Output>): grpc.ClientUnaryCall;
  DiffRevisions(argument: _lb_v1_DiffRevisionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_DiffRevisionsResponse__Output>): grpc.ClientUnaryCall;
  DiffRevisions(argument: _lb_v1_DiffRevisionsRequest, callback: grpc.requestCallback<_lb_v1_DiffRevisionsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * What differs between two revisions.
   */
  diffRevisions(argument: _lb_v1_DiffRevisionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_DiffRevisionsResponse__Output>): grpc.ClientUnaryCall;
  diffRevisions(argument: _lb_v1_DiffRevisionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_DiffRevisionsResponse__Output>): grpc.ClientUnaryCall;
  diffRevisions(argument: _lb_v1_DiffRevisionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_DiffRevisionsResponse__Output>): grpc.ClientUnaryCall;
  diffRevisions(argument: _lb_v1_DiffRevisionsRequest, callback: grpc.requestCallback<_lb_v1_DiffRevisionsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Everything that Apply would need to recreate this configuration.
   */
  Export(argument: _lb_v1_ExportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ExportResponse__Output>): grpc.ClientUnaryCall;
  Export(argument: _lb_v1_ExportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ExportResponse__Output>): grpc.ClientUnaryCall;
  Export(argument: _lb_v1_ExportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ExportResponse__Output>): grpc.ClientUnaryCall;
  Export(argument: _lb_v1_ExportRequest, callback: grpc.requestCallback<_lb_v1_ExportResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Everything that Apply would need to recreate this configuration.
   */
  export(argument: _lb_v1_ExportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ExportResponse__Output>): grpc.ClientUnaryCall;
  export(argument: _lb_v1_ExportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ExportResponse__Output>): grpc.ClientUnaryCall;
  export(argument: _lb_v1_ExportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ExportResponse__Output>): grpc.ClientUnaryCall;
  export(argument: _lb_v1_ExportRequest, callback: grpc.requestCallback<_lb_v1_ExportResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * One commit, with every resource that it changed before and after.
   */
  GetRevision(argument: _lb_v1_GetRevisionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_GetRevisionResponse__Output>): grpc.ClientUnaryCall;
  GetRevision(argument: _lb_v1_GetRevisionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_GetRevisionResponse__Output>): grpc.ClientUnaryCall;
  GetRevision(argument: _lb_v1_GetRevisionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_GetRevisionResponse__Output>): grpc.ClientUnaryCall;
  GetRevision(argument: _lb_v1_GetRevisionRequest, callback: grpc.requestCallback<_lb_v1_GetRevisionResponse__Output>): grpc.ClientUnaryCall;
  /**
   * One commit, with every resource that it changed before and after.
   */
  getRevision(argument: _lb_v1_GetRevisionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_GetRevisionResponse__Output>): grpc.ClientUnaryCall;
  getRevision(argument: _lb_v1_GetRevisionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_GetRevisionResponse__Output>): grpc.ClientUnaryCall;
  getRevision(argument: _lb_v1_GetRevisionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_GetRevisionResponse__Output>): grpc.ClientUnaryCall;
  getRevision(argument: _lb_v1_GetRevisionRequest, callback: grpc.requestCallback<_lb_v1_GetRevisionResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Commits, newest first.
   */
  ListRevisions(argument: _lb_v1_ListRevisionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListRevisionsResponse__Output>): grpc.ClientUnaryCall;
  ListRevisions(argument: _lb_v1_ListRevisionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListRevisionsResponse__Output>): grpc.ClientUnaryCall;
  ListRevisions(argument: _lb_v1_ListRevisionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListRevisionsResponse__Output>): grpc.ClientUnaryCall;
  ListRevisions(argument: _lb_v1_ListRevisionsRequest, callback: grpc.requestCallback<_lb_v1_ListRevisionsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Commits, newest first.
   */
  listRevisions(argument: _lb_v1_ListRevisionsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListRevisionsResponse__Output>): grpc.ClientUnaryCall;
  listRevisions(argument: _lb_v1_ListRevisionsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ListRevisionsResponse__Output>): grpc.ClientUnaryCall;
  listRevisions(argument: _lb_v1_ListRevisionsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ListRevisionsResponse__Output>): grpc.ClientUnaryCall;
  listRevisions(argument: _lb_v1_ListRevisionsRequest, callback: grpc.requestCallback<_lb_v1_ListRevisionsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Makes a new revision with the content of an earlier one. The state of each backend that exists stays as it is.
   * FAILED_PRECONDITION, with every violation, when that content is no longer valid.
   */
  Rollback(argument: _lb_v1_RollbackRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  Rollback(argument: _lb_v1_RollbackRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  Rollback(argument: _lb_v1_RollbackRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  Rollback(argument: _lb_v1_RollbackRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  /**
   * Makes a new revision with the content of an earlier one. The state of each backend that exists stays as it is.
   * FAILED_PRECONDITION, with every violation, when that content is no longer valid.
   */
  rollback(argument: _lb_v1_RollbackRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  rollback(argument: _lb_v1_RollbackRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  rollback(argument: _lb_v1_RollbackRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  rollback(argument: _lb_v1_RollbackRequest, callback: grpc.requestCallback<_lb_v1_ChangeResult__Output>): grpc.ClientUnaryCall;
  
  /**
   * Reports each proxy's way to a revision and ends when all have it or one has rejected it. Wait with a deadline.
   */
  WaitConverged(argument: _lb_v1_WaitConvergedRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_WaitConvergedResponse__Output>;
  WaitConverged(argument: _lb_v1_WaitConvergedRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_WaitConvergedResponse__Output>;
  /**
   * Reports each proxy's way to a revision and ends when all have it or one has rejected it. Wait with a deadline.
   */
  waitConverged(argument: _lb_v1_WaitConvergedRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_WaitConvergedResponse__Output>;
  waitConverged(argument: _lb_v1_WaitConvergedRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_WaitConvergedResponse__Output>;
  
  /**
   * The current configuration, then each commit as it happens. Ends with UNAVAILABLE when the replica stops.
   */
  Watch(argument: _lb_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_WatchResponse__Output>;
  Watch(argument: _lb_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_WatchResponse__Output>;
  /**
   * The current configuration, then each commit as it happens. Ends with UNAVAILABLE when the replica stops.
   */
  watch(argument: _lb_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_WatchResponse__Output>;
  watch(argument: _lb_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_lb_v1_WatchResponse__Output>;
  
}

/**
 * The whole configuration at once, for tools.
 */
export interface ConfigServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Accepts the store as it is now, in place of those that control planes and proxies followed: it was wiped and filled
   * again, restored from a backup, or moved. Everybody goes on with it.
   */
  AdoptStore: grpc.handleUnaryCall<_lb_v1_AdoptStoreRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * Replaces each resource that is named, whole, in one commit or not at all. Others stay, unless prune.
   */
  Apply: grpc.handleUnaryCall<_lb_v1_ApplyRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * What differs between two revisions.
   */
  DiffRevisions: grpc.handleUnaryCall<_lb_v1_DiffRevisionsRequest__Output, _lb_v1_DiffRevisionsResponse>;
  
  /**
   * Everything that Apply would need to recreate this configuration.
   */
  Export: grpc.handleUnaryCall<_lb_v1_ExportRequest__Output, _lb_v1_ExportResponse>;
  
  /**
   * One commit, with every resource that it changed before and after.
   */
  GetRevision: grpc.handleUnaryCall<_lb_v1_GetRevisionRequest__Output, _lb_v1_GetRevisionResponse>;
  
  /**
   * Commits, newest first.
   */
  ListRevisions: grpc.handleUnaryCall<_lb_v1_ListRevisionsRequest__Output, _lb_v1_ListRevisionsResponse>;
  
  /**
   * Makes a new revision with the content of an earlier one. The state of each backend that exists stays as it is.
   * FAILED_PRECONDITION, with every violation, when that content is no longer valid.
   */
  Rollback: grpc.handleUnaryCall<_lb_v1_RollbackRequest__Output, _lb_v1_ChangeResult>;
  
  /**
   * Reports each proxy's way to a revision and ends when all have it or one has rejected it. Wait with a deadline.
   */
  WaitConverged: grpc.handleServerStreamingCall<_lb_v1_WaitConvergedRequest__Output, _lb_v1_WaitConvergedResponse>;
  
  /**
   * The current configuration, then each commit as it happens. Ends with UNAVAILABLE when the replica stops.
   */
  Watch: grpc.handleServerStreamingCall<_lb_v1_WatchRequest__Output, _lb_v1_WatchResponse>;
  
}

export interface ConfigServiceDefinition extends grpc.ServiceDefinition {
  AdoptStore: MethodDefinition<_lb_v1_AdoptStoreRequest, _lb_v1_ChangeResult, _lb_v1_AdoptStoreRequest__Output, _lb_v1_ChangeResult__Output>
  Apply: MethodDefinition<_lb_v1_ApplyRequest, _lb_v1_ChangeResult, _lb_v1_ApplyRequest__Output, _lb_v1_ChangeResult__Output>
  DiffRevisions: MethodDefinition<_lb_v1_DiffRevisionsRequest, _lb_v1_DiffRevisionsResponse, _lb_v1_DiffRevisionsRequest__Output, _lb_v1_DiffRevisionsResponse__Output>
  Export: MethodDefinition<_lb_v1_ExportRequest, _lb_v1_ExportResponse, _lb_v1_ExportRequest__Output, _lb_v1_ExportResponse__Output>
  GetRevision: MethodDefinition<_lb_v1_GetRevisionRequest, _lb_v1_GetRevisionResponse, _lb_v1_GetRevisionRequest__Output, _lb_v1_GetRevisionResponse__Output>
  ListRevisions: MethodDefinition<_lb_v1_ListRevisionsRequest, _lb_v1_ListRevisionsResponse, _lb_v1_ListRevisionsRequest__Output, _lb_v1_ListRevisionsResponse__Output>
  Rollback: MethodDefinition<_lb_v1_RollbackRequest, _lb_v1_ChangeResult, _lb_v1_RollbackRequest__Output, _lb_v1_ChangeResult__Output>
  WaitConverged: MethodDefinition<_lb_v1_WaitConvergedRequest, _lb_v1_WaitConvergedResponse, _lb_v1_WaitConvergedRequest__Output, _lb_v1_WaitConvergedResponse__Output>
  Watch: MethodDefinition<_lb_v1_WatchRequest, _lb_v1_WatchResponse, _lb_v1_WatchRequest__Output, _lb_v1_WatchResponse__Output>
}
