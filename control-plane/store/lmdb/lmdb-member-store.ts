/**
 * Members in LMDB: one record each, with the deadline of its lease. A member is alive until then, by the clock of this
 * machine, which all replicas on these files share.
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
import { decodeMember, encodeMember, reuse } from '../members/member-codec.ts';
import type { LmdbStore } from './lmdb-store.ts';

interface Stored {
  readonly value: MemberValue;
  readonly token: number;
  readonly deadlineMs: number;
}

export class LmdbMemberStore implements MemberStore {
  readonly #store: LmdbStore;
  readonly #clock: Clock;
  #members: readonly Member[] = [];

  constructor(store: LmdbStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async read(): Promise<MembersAtPosition> {
    await this.#store.head();
    return this.#store.database.read((reader) => {
      const position = this.#store.position(reader);
      if (position === undefined) throw new Error('it has no head');
      const members = reader.range(MEMBER_PREFIX, MEMBER_END).flatMap(({ key, value: bytes }): Member[] => {
        const name = key.slice(MEMBER_PREFIX.length);
        const stored = decode(bytes, name);
        if (stored === undefined) return [];
        const { value, token } = stored;
        return [{ name, value, token, alive: this.#isAlive(stored), lease: '' }];
      });
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
      if (found?.token !== token || (onlyDead && this.#isAlive(found))) return false;
      remove(MEMBER_PREFIX + name);
      return true;
    });
  }

  /** Every write wakes those who follow the log. */
  onWake(): () => void {
    return () => undefined;
  }

  #isAlive({ deadlineMs }: Stored): boolean {
    return deadlineMs > this.#clock.wallMs();
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
  const [, token, deadlineMs, json] = /^(\d+) (\d+) (.*)$/s.exec(bytes?.toString() ?? '') ?? [];
  const value = decodeMember(Buffer.from(json ?? ''), name);
  if (value === undefined) return undefined;
  return { value, token: Number(token), deadlineMs: Number(deadlineMs) };
}
