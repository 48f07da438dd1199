// Original file: proto/lb/v1/listener_service.proto


export interface ListListenersRequest {
}

export interface ListListenersRequest__Output {
}
