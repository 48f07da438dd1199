// Original file: proto/lb/v1/config_service.proto


export interface WatchRequest {
}

export interface WatchRequest__Output {
}
