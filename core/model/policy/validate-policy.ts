/** The rules for the fields of a policy: known words, ranges, and what belongs together. */
import { validateFields } from '../fields/validate-fields.ts';
import type { Policy } from '../resources.ts';
import type { Violation } from '../violation.ts';
import { POLICY_FIELDS } from './policy-fields.ts';
import { validateParts } from './validate-health-check.ts';

/** Every violation of a policy except that of its name; `at` is its path. */
export function validatePolicy(policy: Policy, at: string): Violation[] {
  return [
    ...validateFields(POLICY_FIELDS, policy, at),
    ...validateParts(policy.healthCheck, `${at}.health_check`),
  ];
}
