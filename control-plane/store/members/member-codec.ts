/** Members as bytes. What this program can't read is left alone: a newer one may have written it. */
import { REGISTRATION_STATES, type RegistrationState } from '../../../core/model/registration.ts';
import { type Member, type MemberValue, memberName } from '../member-store.ts';

/** What the keys of members and of their leases start with. */
export const MEMBER_PREFIX = 'member/';
export const ALIVE_PREFIX = 'member/alive/';
/** Behind both. */
export const MEMBER_END = 'member0';

export function encodeMember(value: MemberValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Undefined when it is none that this program knows, or stands under another name than its own. */
export function decodeMember(bytes: Buffer, name: string): MemberValue | undefined {
  try {
    const value = readValue(JSON.parse(bytes.toString()) as Record<string, unknown>);
    return value !== undefined && memberName(value) === name ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The members before, where nothing changed: equal references mean equal members. */
export function reuse(before: readonly Member[], now: readonly Member[]): readonly Member[] {
  const byName = new Map(before.map((member) => [member.name, member]));
  const next = now.map((member) => {
    const known = byName.get(member.name);
    const same =
      known?.token === member.token && known.alive === member.alive && known.lease === member.lease;
    return same ? known : member;
  });
  next.sort((a, b) => (a.name < b.name ? -1 : 1));
  const unchanged = next.length === before.length && next.every((member, index) => member === before[index]);
  return unchanged ? before : next;
}

function readValue(fields: Record<string, unknown>): MemberValue | undefined {
  const { kind, pool, address, weight, state, id, zone, instanceId, ttlMs, sinceMs, heldUntilMs } = fields;
  if (typeof instanceId !== 'string' || !isCount(ttlMs) || !isCount(sinceMs)) return undefined;
  if (kind === 'proxy' && typeof id === 'string' && typeof zone === 'string') {
    return { kind, id, zone, instanceId, ttlMs, sinceMs };
  }
  if (kind !== 'backend' || typeof pool !== 'string' || typeof address !== 'string' || !isCount(weight)) {
    return undefined;
  }
  if (!REGISTRATION_STATES.includes(state as RegistrationState)) return undefined;
  return {
    kind,
    pool,
    address,
    weight,
    state: state as RegistrationState,
    instanceId,
    ttlMs,
    sinceMs,
    ...(isCount(heldUntilMs) && { heldUntilMs }),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
