// Original file: proto/lb/v1/pool_service.proto


export interface ListPoolsRequest {
}

export interface ListPoolsRequest__Output {
}
