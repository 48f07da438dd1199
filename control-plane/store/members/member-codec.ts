/** Members as bytes. A record that this program can't read is left alone: a newer program may have written it. */
import { REGISTRATION_STATES, type RegistrationState } from '../../../core/model/resources.ts';
import { type Member, type MemberValue, memberName } from '../member-store.ts';

export function encodeMember(value: MemberValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Undefined when this program does not know such a member, or it is stored under a name that is not its own. */
export function decodeMember(bytes: Buffer, name: string): MemberValue | undefined {
  try {
    const value = readValue(JSON.parse(bytes.toString()) as Record<string, unknown>);
    return value !== undefined && memberName(value) === name ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `now`, sorted, with the objects of `before` for what did not change: equal references mean equal members. */
export function reuse(before: readonly Member[], now: readonly Member[]): readonly Member[] {
  const byName = new Map(before.map((member) => [member.name, member]));
  const next = now.map((member) => {
    const { token, alive, lease } = member;
    const known = byName.get(member.name);
    return known?.token === token && known.alive === alive && known.lease === lease ? known : member;
  });
  next.sort((a, b) => (a.name < b.name ? -1 : 1));
  const unchanged = next.length === before.length && next.every((member, index) => member === before[index]);
  return unchanged ? before : next;
}

function readValue(fields: Record<string, unknown>): MemberValue | undefined {
  const { kind, pool, address, weight, state, id, zone, instanceId, ttlMs, sinceMs, caller, heldUntilMs } =
    fields;
  if (typeof instanceId !== 'string' || !isCount(ttlMs) || !isCount(sinceMs)) return undefined;
  if (kind === 'proxy' && typeof id === 'string' && typeof zone === 'string') {
    return { kind, id, zone, instanceId, ttlMs, sinceMs };
  }
  if (kind !== 'backend' || typeof pool !== 'string' || typeof address !== 'string') return undefined;
  if (!isCount(weight) || !isState(state)) return undefined;
  const optional = {
    ...(typeof caller === 'string' && { caller }),
    ...(isCount(heldUntilMs) && { heldUntilMs }),
  };
  return { kind, pool, address, weight, state, instanceId, ttlMs, sinceMs, ...optional };
}

function isState(value: unknown): value is RegistrationState {
  return REGISTRATION_STATES.includes(value as RegistrationState);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
