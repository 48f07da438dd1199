/** The rules of a pool, and of backends without a port. */
import { parseAddress } from '../address.ts';
import { FIELDS } from '../fields/resource-fields.ts';
import { validateFields } from '../fields/validate-fields.ts';
import type { Backend, HealthCheck, Pool } from '../resources.ts';
import type { Violation } from '../violation.ts';
import { readAuthorities } from './pem.ts';

/** Every violation of a pool by itself, except that of its name; `at` is its path. */
export function validatePool(pool: Pool, at: string): Violation[] {
  return [...validateFields(FIELDS.pool, pool, at), ...validateDns(pool, at), ...validateCa(pool, at)];
}

function validateDns({ dns = [] }: Pool, at: string): Violation[] {
  const names = dns.map(({ name }) => name);
  return names.flatMap((name, index) => {
    if (names.indexOf(name) === index) return [];
    return [
      { field: `${at}.dns[${index}].name`, description: `"${name}" is listed more than once; keep one` },
    ];
  });
}

function validateCa({ tls }: Pool, at: string): Violation[] {
  const read = tls?.ca ? readAuthorities(tls.ca) : { ok: true as const };
  return read.ok ? [] : [{ field: `${at}.tls.ca`, description: read.description }];
}

/** A check goes to a port of its own where the backend has none. */
export function validateCheckedPort(backend: Backend, check: HealthCheck, at: string): Violation[] {
  const parsed = parseAddress(backend.address, 'backend');
  if (!parsed.ok || parsed.value.port !== 0) return [];
  if (check.type === 'none' || check.port !== undefined) return [];
  const description = `"${backend.address}" has no port, so its health check does not know where to go; write IP:PORT, or give the policy of the pool a health_check with a port or of type none`;
  return [{ field: `${at}.address`, description }];
}
