// Original file: proto/lb/v1/config_service.proto


export interface ListRevisionsRequest {
  /**
   * At most so many; default 50, at most 1,000.
   */
  'pageSize'?: (number);
  /**
   * From the response before.
   */
  'pageToken'?: (string);
}

export interface ListRevisionsRequest__Output {
  /**
   * At most so many; default 50, at most 1,000.
   */
  'pageSize': (number);
  /**
   * From the response before.
   */
  'pageToken': (string);
}
