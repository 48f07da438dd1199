import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from './google/protobuf/Timestamp.ts';
import type { ListRegistrationsRequest as _lb_v1_ListRegistrationsRequest, ListRegistrationsRequest__Output as _lb_v1_ListRegistrationsRequest__Output } from './lb/v1/ListRegistrationsRequest.ts';
import type { ListRegistrationsResponse as _lb_v1_ListRegistrationsResponse, ListRegistrationsResponse__Output as _lb_v1_ListRegistrationsResponse__Output } from './lb/v1/ListRegistrationsResponse.ts';
import type { RegisterRequest as _lb_v1_RegisterRequest, RegisterRequest__Output as _lb_v1_RegisterRequest__Output } from './lb/v1/RegisterRequest.ts';
import type { RegisterResponse as _lb_v1_RegisterResponse, RegisterResponse__Output as _lb_v1_RegisterResponse__Output } from './lb/v1/RegisterResponse.ts';
import type { Registration as _lb_v1_Registration, Registration__Output as _lb_v1_Registration__Output } from './lb/v1/Registration.ts';
import type { RegistrationServiceClient as _lb_v1_RegistrationServiceClient, RegistrationServiceDefinition as _lb_v1_RegistrationServiceDefinition } from './lb/v1/RegistrationService.ts';
import type { RegistrationSpec as _lb_v1_RegistrationSpec, RegistrationSpec__Output as _lb_v1_RegistrationSpec__Output } from './lb/v1/RegistrationSpec.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  google: {
    protobuf: {
      Duration: MessageTypeDefinition<_google_protobuf_Duration, _google_protobuf_Duration__Output>
      Timestamp: MessageTypeDefinition<_google_protobuf_Timestamp, _google_protobuf_Timestamp__Output>
    }
  }
  lb: {
    v1: {
      ListRegistrationsRequest: MessageTypeDefinition<_lb_v1_ListRegistrationsRequest, _lb_v1_ListRegistrationsRequest__Output>
      ListRegistrationsResponse: MessageTypeDefinition<_lb_v1_ListRegistrationsResponse, _lb_v1_ListRegistrationsResponse__Output>
      RegisterRequest: MessageTypeDefinition<_lb_v1_RegisterRequest, _lb_v1_RegisterRequest__Output>
      RegisterResponse: MessageTypeDefinition<_lb_v1_RegisterResponse, _lb_v1_RegisterResponse__Output>
      Registration: MessageTypeDefinition<_lb_v1_Registration, _lb_v1_Registration__Output>
      RegistrationService: SubtypeConstructor<typeof grpc.Client, _lb_v1_RegistrationServiceClient> & { service: _lb_v1_RegistrationServiceDefinition }
      RegistrationSource: EnumTypeDefinition
      RegistrationSpec: MessageTypeDefinition<_lb_v1_RegistrationSpec, _lb_v1_RegistrationSpec__Output>
      RegistrationState: EnumTypeDefinition
    }
  }
}

