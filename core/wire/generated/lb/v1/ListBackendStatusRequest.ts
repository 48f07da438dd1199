// Original file: proto/lb/v1/fleet_service.proto


export interface ListBackendStatusRequest {
  /**
   * Unset: all pools.
   */
  'pool'?: (string);
}

export interface ListBackendStatusRequest__Output {
  /**
   * Unset: all pools.
   */
  'pool': (string);
}
