/** Who may connect to a listener, as a plan has it. */
import type { Limits, Listener } from '../../core/model/resources.ts';
import { buildCidrTable, cidrEntries, type CidrTable } from './cidr-table.ts';

export interface ListenerAdmission {
  /** Null: everybody. Its values are ALLOWED and DENIED. */
  readonly sources: CidrTable | null;
  readonly limits: Limits | null;
}

const ALLOWED = 0;
export const DENIED = 1;

/** By resource: most of a plan is the same objects as in the plan before, and lists can have thousands of networks. */
const known = new WeakMap<Listener, ListenerAdmission | null>();

/** Null: the listener takes everybody, as most do. */
export function listenerAdmission(listener: Listener): ListenerAdmission | null {
  let admission = known.get(listener);
  if (admission === undefined) {
    admission = build(listener);
    known.set(listener, admission);
  }
  return admission;
}

function build({ allow = [], deny = [], limits }: Listener): ListenerAdmission | null {
  const isListed = allow.length > 0 || deny.length > 0;
  if (!isListed && limits === undefined) return null;
  // A network of the lists comes later, so it counts before these.
  const others = allow.length > 0 ? cidrEntries(['0.0.0.0/0', '::/0'], DENIED) : [];
  const listed = [...others, ...cidrEntries(allow, ALLOWED), ...cidrEntries(deny, DENIED)];
  return { sources: isListed ? buildCidrTable(listed) : null, limits: limits ?? null };
}
