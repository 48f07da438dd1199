// Original file: proto/lb/v1/registration_service.proto


export interface ListRegistrationsRequest {
}

export interface ListRegistrationsRequest__Output {
}
