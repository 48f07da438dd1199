// Original file: proto/lb/v1/config_service.proto


export interface AdoptStoreRequest {
  /**
   * Ids of further stores to replace. Those that this control plane and its proxies run are known.
   */
  'replaces'?: (string)[];
  /**
   * See change.proto for these five. `force` accepts a store without a listener, too.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface AdoptStoreRequest__Output {
  /**
   * Ids of further stores to replace. Those that this control plane and its proxies run are known.
   */
  'replaces': (string)[];
  /**
   * See change.proto for these five. `force` accepts a store without a listener, too.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
