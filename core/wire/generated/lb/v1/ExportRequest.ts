// Original file: proto/lb/v1/config_service.proto


export interface ExportRequest {
}

export interface ExportRequest__Output {
}
