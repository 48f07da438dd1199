// Original file: proto/lb/v1/config_service.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Long } from '@grpc/proto-loader';

export interface Revision {
  'revision'?: (number | string | Long);
  'time'?: (_google_protobuf_Timestamp | null);
  'author'?: (string);
  'message'?: (string);
  'requestId'?: (string);
  'hash'?: (string);
  /**
   * One a changed resource: "updated policy default".
   */
  'changes'?: (string)[];
}

export interface Revision__Output {
  'revision': (string);
  'time': (_google_protobuf_Timestamp__Output | null);
  'author': (string);
  'message': (string);
  'requestId': (string);
  'hash': (string);
  /**
   * One a changed resource: "updated policy default".
   */
  'changes': (string)[];
}
