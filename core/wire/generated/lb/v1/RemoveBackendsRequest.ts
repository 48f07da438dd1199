// Original file: proto/lb/v1/pool_service.proto


export interface RemoveBackendsRequest {
  'pool'?: (string);
  'addresses'?: (string)[];
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface RemoveBackendsRequest__Output {
  'pool': (string);
  'addresses': (string)[];
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
