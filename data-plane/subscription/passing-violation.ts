/** What stands in the way on this host alone: it may pass without a change of the configuration, so it is worth another try. */
import type { Violation } from '../../core/model/violation.ts';

export interface PassingViolation extends Violation {
  readonly passing: true;
}

export function isPassing(violation: Violation): violation is PassingViolation {
  return 'passing' in violation;
}
