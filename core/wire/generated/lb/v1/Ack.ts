// Original file: proto/lb/v1/discovery_service.proto


export interface Ack {
  'nonce'?: (string);
}

export interface Ack__Output {
  'nonce': (string);
}
