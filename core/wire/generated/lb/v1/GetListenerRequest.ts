// Original file: proto/lb/v1/listener_service.proto


export interface GetListenerRequest {
  'name'?: (string);
}

export interface GetListenerRequest__Output {
  'name': (string);
}
