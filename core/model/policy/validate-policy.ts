/** The rules for the fields of a policy: known words, ranges, and what belongs together. */
import { formatDuration } from '../duration.ts';
import type { Policy } from '../resources.ts';
import { validateRange, validateWord } from '../validate-field.ts';
import type { Violation } from '../violation.ts';
import { POLICY_PATHS } from './policy-fields.ts';
import { validateParts } from './validate-health-check.ts';

/** Every violation of a policy except that of its name; `at` is its path. */
export function validatePolicy(policy: Policy, at: string): Violation[] {
  const violations = [
    ...POLICY_PATHS.flatMap(({ path, keys, field }) => {
      const value = keys.reduce<unknown>(
        (inner, key) => (inner as Record<string, unknown> | undefined)?.[key],
        policy,
      );
      if (value === undefined) return [];
      if (field.type === 'word')
        return validateWord(`${at}.${path}`, field.what, value as string, field.words);
      return 'min' in field ? validateRange(`${at}.${path}`, field, Number(value)) : [];
    }),
    ...validateParts(policy.healthCheck, `${at}.health_check`),
  ];
  return [...violations, ...timeoutViolations(policy, `${at}.health_check`, violations)];
}

/** Two values are compared only when each of them is valid. */
function timeoutViolations(
  { healthCheck: { timeoutMs, intervalMs, unhealthyIntervalMs } }: Policy,
  at: string,
  known: readonly Violation[],
): Violation[] {
  const isValid = (name: string) => known.every(({ field }) => field !== `${at}.${name}`);
  if (!isValid('timeout')) return [];
  const intervals = { interval: intervalMs, unhealthy_interval: unhealthyIntervalMs ?? Infinity };
  const shorter = Object.entries(intervals).filter(([name, ms]) => timeoutMs > ms && isValid(name));
  return shorter.slice(0, 1).map(([name, ms]) => {
    const description = `is ${formatDuration(timeoutMs)}, longer than the ${name} of ${formatDuration(ms)}; a check must end before the next one starts`;
    return { field: `${at}.timeout`, description };
  });
}
