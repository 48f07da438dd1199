/** Members as bytes. A record that this program can't read is left alone and named in the log: a newer program may have written it. */
import { LbError } from '../../../core/runtime/errors.ts';
import { REGISTRATION_STATES, type RegistrationState } from '../../../core/model/resources.ts';
import {
  type DnsAnswer,
  type Member,
  type MemberValue,
  memberName,
  type Registration,
} from '../member-store.ts';

/** More than 256 addresses of a name take, and several times what the texts of other members may have (core/model/limits.ts). */
export const MAX_MEMBER_BYTES = 32_768;

/** Throws RESOURCE_EXHAUSTED when it is larger than any text that was checked can make it. */
export function encodeMember(value: MemberValue): Buffer {
  const bytes = Buffer.from(JSON.stringify(value));
  if (bytes.length <= MAX_MEMBER_BYTES) return bytes;
  const message = `a registration or a proxy of the roster takes ${bytes.length} bytes, and at most ${MAX_MEMBER_BYTES} are kept: give it shorter names`;
  throw new LbError('RESOURCE_EXHAUSTED', message);
}

/** Undefined when this program does not know such a member, or it is stored under a name that is not its own. */
export function decodeMember(bytes: Buffer, name: string): MemberValue | undefined {
  if (bytes.length > MAX_MEMBER_BYTES) return undefined;
  try {
    const value = readValue(JSON.parse(bytes.toString()) as Record<string, unknown>);
    return value !== undefined && memberName(value) === name ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Names in the log, once each, the records that are left out. */
export class LeftOutMembers {
  readonly #logger: LeftOutLog | undefined;
  #logged = new Set<string>();

  constructor(logger: LeftOutLog | undefined) {
    this.#logger = logger;
  }

  /** `records`: the keys and the sizes of all that could not be read. */
  report(records: readonly { readonly key: string; readonly bytes: number }[]): void {
    const now = new Set<string>();
    for (const { key, bytes } of records) {
      now.add(`${key} ${bytes}`);
      if (this.#logged.has(`${key} ${bytes}`)) continue;
      const why =
        bytes > MAX_MEMBER_BYTES
          ? `more than the ${MAX_MEMBER_BYTES} that are read`
          : 'not as this program writes it';
      this.#logger?.warn(
        { key, bytes },
        `a registration or a proxy of the roster is left out: its record is ${why}; remove the key if no newer program wrote it`,
      );
    }
    this.#logged = now;
  }
}

export interface LeftOutLog {
  warn(fields: object, message: string): void;
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
  const { kind, id, zone, instanceId, ttlMs, sinceMs, heldUntilMs } = fields;
  if (typeof instanceId !== 'string' || !isCount(ttlMs) || !isCount(sinceMs)) return undefined;
  if (kind === 'proxy' && typeof id === 'string' && typeof zone === 'string') {
    return { kind, id, zone, instanceId, ttlMs, sinceMs };
  }
  if (kind === 'resolver') return { kind, instanceId, ttlMs, sinceMs };
  const held = { instanceId, ttlMs, sinceMs, ...(isCount(heldUntilMs) && { heldUntilMs }) };
  return kind === 'dns' ? readDnsAnswer(fields, held) : readRegistration(fields, held);
}

type Held = Pick<Registration, 'instanceId' | 'ttlMs' | 'sinceMs' | 'heldUntilMs'>;

function readRegistration(
  { kind, pool, address, weight, state, caller }: Record<string, unknown>,
  held: Held,
): Registration | undefined {
  if (kind !== 'backend' || typeof pool !== 'string' || typeof address !== 'string') return undefined;
  if (!isCount(weight) || !isState(state)) return undefined;
  return { kind, pool, address, weight, state, ...(typeof caller === 'string' && { caller }), ...held };
}

function readDnsAnswer(
  { pool, name, addresses, problem }: Record<string, unknown>,
  held: Held,
): DnsAnswer | undefined {
  if (typeof pool !== 'string' || typeof name !== 'string' || !Array.isArray(addresses)) return undefined;
  const read = addresses.flatMap((each: Record<string, unknown>) => {
    const { address, weight, tier } = each;
    if (typeof address !== 'string') return [];
    return [{ address, ...(isCount(weight) && { weight }), ...(isCount(tier) && { tier }) }];
  });
  return {
    kind: 'dns',
    pool,
    name,
    addresses: read,
    ...(typeof problem === 'string' && { problem }),
    ...held,
  };
}

function isState(value: unknown): value is RegistrationState {
  return REGISTRATION_STATES.includes(value as RegistrationState);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
