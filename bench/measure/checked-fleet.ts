/** A fleet of backends to check: many loopback addresses, and one server for each kind of check. Pure. */
import type { HealthCheckDraft, ResourceDraft } from '../../core/model/draft.ts';

export const CHECKED_TYPES = ['tcp', 'tls', 'http', 'https', 'script'] as const;
type CheckedType = (typeof CHECKED_TYPES)[number];
/** Ports of the servers, on every loopback address; at `silent` no connect ever ends. */
export type FleetPorts = Readonly<Record<CheckedType | 'silent', number>>;

const HOSTS_A_NET = 250;

function addressesOf(
  ports: FleetPorts,
  type: CheckedType,
  count: number,
  silent: boolean,
): readonly string[] {
  const net = 10 + CHECKED_TYPES.indexOf(type);
  return Array.from({ length: count }, (_, at) => {
    const host = `127.${net}.${Math.floor(at / HOSTS_A_NET)}.${1 + (at % HOSTS_A_NET)}`;
    return `${host}:${silent && at % 10 === 0 ? ports.silent : ports[type]}`;
  });
}

function checkOf(type: CheckedType, intervalMs: number): HealthCheckDraft {
  const check = { type, intervalMs, timeoutMs: Math.min(intervalMs, 2_000) };
  return type === 'script' ? { ...check, script: [{ send: 'PING\\r\\n' }, { expect: '+PONG' }] } : check;
}

/** What is checked: a pool and a policy for each of these types, with so many backends in all. */
export interface FleetShape {
  readonly types: readonly CheckedType[];
  readonly backends: number;
  readonly intervalMs: number;
  /** One backend in ten is. */
  readonly silent: boolean;
}

export function checkedFleet(
  ports: FleetPorts,
  { types, backends, intervalMs, silent }: FleetShape,
): readonly ResourceDraft[] {
  return types.flatMap((type): ResourceDraft[] => {
    const addresses = addressesOf(ports, type, Math.floor(backends / types.length), silent);
    const name = `checked-${type}`;
    return [
      { kind: 'policy', value: { name, healthCheck: checkOf(type, intervalMs) } },
      { kind: 'pool', value: { name, policy: name, backends: addresses.map((address) => ({ address })) } },
    ];
  });
}
