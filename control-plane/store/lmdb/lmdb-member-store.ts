/**
 * Members in LMDB: one record each, with the deadline of its lease by the clock of this machine, which all replicas on
 * these files share. That clock can be set, so it is used once for each deadline, when a replica first sees it, and never
 * gives more than the ttl; from then on, the time that only goes forward counts.
 */
import type { Clock } from '../../../core/runtime/clock.ts';
import { MEMBER_END, MEMBER_PREFIX } from '../keys.ts';
import {
  type Member,
  memberName,
  type MembersAtPosition,
  type MemberStore,
  type MemberValue,
} from '../member-store.ts';
import {
  decodeMember,
  encodeMember,
  LeftOutMembers,
  type LeftOutLog,
  MAX_MEMBER_BYTES,
  reuse,
} from '../members/member-codec.ts';
import type { LmdbStore } from './lmdb-store.ts';

interface Stored {
  readonly value: MemberValue;
  readonly token: number;
  readonly deadlineMs: number;
}

export class LmdbMemberStore implements MemberStore {
  readonly #store: LmdbStore;
  readonly #clock: Clock;
  readonly #leftOut: LeftOutMembers;
  /** By name: a deadline, and when it is by the time that only goes forward. */
  readonly #seen = new Map<string, { readonly deadlineMs: number; readonly endsMs: number }>();
  #members: readonly Member[] = [];

  constructor(store: LmdbStore, clock: Clock, logger?: LeftOutLog) {
    this.#leftOut = new LeftOutMembers(logger);
    this.#store = store;
    this.#clock = clock;
  }

  async read(): Promise<MembersAtPosition> {
    await this.#store.head();
    return this.#store.database.read((reader) => {
      const position = this.#store.position(reader);
      if (position === undefined) throw new Error('it has no head');
      const unread: { key: string; bytes: number }[] = [];
      const members = reader.range(MEMBER_PREFIX, MEMBER_END).flatMap(({ key, value: bytes }): Member[] => {
        const name = key.slice(MEMBER_PREFIX.length);
        const stored = decode(bytes, name);
        if (stored === undefined) {
          unread.push({ key, bytes: bytes.length });
          return [];
        }
        const { value, token } = stored;
        return [{ name, value, token, alive: this.#isAlive(name, stored), lease: '' }];
      });
      this.#leftOut.report(unread);
      const names = new Set(members.map(({ name }) => name));
      for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
      this.#members = reuse(this.#members, members);
      return { position, members: this.#members };
    });
  }

  put<Value extends MemberValue>(value: Value, seen: Member | null): Promise<Member<Value> | null> {
    const name = memberName(value);
    return this.#store.database.change(({ get, put, version }) => {
      const found = decode(get(MEMBER_PREFIX + name), name);
      if ((found?.token ?? 0) !== (seen?.token ?? 0)) return null;
      const token = version() + 1;
      put(MEMBER_PREFIX + name, encode({ value, token, deadlineMs: this.#deadline(value) }));
      return { name, value, token, alive: true, lease: '' };
    });
  }

  renew(members: readonly Member[]): Promise<readonly string[]> {
    return this.#store.database.change(({ get, put }) =>
      members.flatMap(({ name, token }) => {
        const found = decode(get(MEMBER_PREFIX + name), name);
        if (found?.token !== token) return [name];
        put(MEMBER_PREFIX + name, encode({ ...found, deadlineMs: this.#deadline(found.value) }));
        return [];
      }),
    );
  }

  remove({ name, token }: Member, onlyDead: boolean): Promise<boolean> {
    return this.#store.database.change(({ get, remove }) => {
      const found = decode(get(MEMBER_PREFIX + name), name);
      if (found?.token !== token || (onlyDead && this.#isAlive(name, found))) return false;
      remove(MEMBER_PREFIX + name);
      return true;
    });
  }

  /** Every write wakes those who follow the log. */
  onWake(): () => void {
    return () => undefined;
  }

  #isAlive(name: string, { deadlineMs, value }: Stored): boolean {
    const nowMs = this.#clock.nowMs();
    let seen = this.#seen.get(name);
    if (seen?.deadlineMs !== deadlineMs) {
      seen = { deadlineMs, endsMs: nowMs + Math.min(value.ttlMs, deadlineMs - this.#clock.wallMs()) };
      this.#seen.set(name, seen);
    }
    return seen.endsMs > nowMs;
  }

  #deadline({ ttlMs }: MemberValue): number {
    return this.#clock.wallMs() + ttlMs;
  }
}

/** The token and the deadline, then the member: `7 1700000000000 {...}`. */
function encode({ value, token, deadlineMs }: Stored): Buffer {
  return Buffer.concat([Buffer.from(`${token} ${deadlineMs} `), encodeMember(value)]);
}

function decode(bytes: Buffer | undefined, name: string): Stored | undefined {
  if (bytes !== undefined && bytes.length > 2 * MAX_MEMBER_BYTES) return undefined;
  const [, token, deadlineMs, json] = /^(\d+) (\d+) (.*)$/s.exec(bytes?.toString() ?? '') ?? [];
  const value = decodeMember(Buffer.from(json ?? ''), name);
  if (value === undefined) return undefined;
  return { value, token: Number(token), deadlineMs: Number(deadlineMs) };
}
