// Original file: proto/lb/v1/fleet_service.proto


export interface DeleteProxyResponse {
}

export interface DeleteProxyResponse__Output {
}
