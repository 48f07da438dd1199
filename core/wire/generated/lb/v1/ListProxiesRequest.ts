// Original file: proto/lb/v1/fleet_service.proto


export interface ListProxiesRequest {
}

export interface ListProxiesRequest__Output {
}
