// Original file: proto/lb/v1/discovery_service.proto

import type { SnapshotPart as _lb_v1_SnapshotPart, SnapshotPart__Output as _lb_v1_SnapshotPart__Output } from '../../lb/v1/SnapshotPart.ts';
import type { Withheld as _lb_v1_Withheld, Withheld__Output as _lb_v1_Withheld__Output } from '../../lb/v1/Withheld.ts';

export interface StreamSnapshotsResponse {
  'part'?: (_lb_v1_SnapshotPart | null);
  /**
   * Nothing can be sent now, and why. Another answer may follow on the same stream.
   */
  'withheld'?: (_lb_v1_Withheld | null);
  'response'?: "part"|"withheld";
}

export interface StreamSnapshotsResponse__Output {
  'part'?: (_lb_v1_SnapshotPart__Output | null);
  /**
   * Nothing can be sent now, and why. Another answer may follow on the same stream.
   */
  'withheld'?: (_lb_v1_Withheld__Output | null);
  'response'?: "part"|"withheld";
}
