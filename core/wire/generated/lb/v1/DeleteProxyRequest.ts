// Original file: proto/lb/v1/fleet_service.proto


export interface DeleteProxyRequest {
  'proxyId'?: (string);
}

export interface DeleteProxyRequest__Output {
  'proxyId': (string);
}
