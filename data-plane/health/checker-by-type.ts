/** Every kind of check: the type of a check chooses the checker that makes it. */
import type { HealthCheck } from '../../core/model/resources.ts';
import { type Checker, later } from './checker.ts';

/** What can't be checked is never up. */
export function checkerByType(checkers: Readonly<Partial<Record<HealthCheck['type'], Checker>>>): Checker {
  return {
    check(target, check, done) {
      const checker = checkers[check.type];
      if (checker) return checker.check(target, check, done);
      return later(() => done({ type: 'failed', reason: `this proxy can't make ${check.type} checks` }));
    },
  };
}
