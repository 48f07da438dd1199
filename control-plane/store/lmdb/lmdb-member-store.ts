/**
 * Members in LMDB: one record each, with the deadline of its lease. It is alive until then, by the clock of this machine,
 * which all replicas on the file share.
 */
import type { Clock } from '../../../core/runtime/clock.ts';
import { MEMBER_END, MEMBER_PREFIX } from '../keys.ts';
import type { LmdbStore } from './lmdb-store.ts';
import { decodeMember, encodeMember, reuse } from '../members/member-codec.ts';
import {
  type Member,
  type MembersAtPosition,
  type MemberStore,
  type MemberValue,
  memberName,
} from '../member-store.ts';

interface Stored {
  readonly value: MemberValue;
  readonly token: number;
  readonly deadlineMs: number;
}

export class LmdbMemberStore implements MemberStore {
  readonly #store: LmdbStore;
  readonly #clock: Clock;
  #known: readonly Member[] = [];

  constructor(store: LmdbStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async read(): Promise<MembersAtPosition> {
    await this.#store.head();
    const { position, records } = this.#store.view(MEMBER_PREFIX, MEMBER_END);
    const members = records.flatMap(({ key, bytes }) => {
      const name = key.slice(MEMBER_PREFIX.length);
      const stored = decode(bytes, name);
      return stored === undefined ? [] : [this.#memberOf(name, stored)];
    });
    this.#known = reuse(this.#known, members);
    return { position, members: this.#known };
  }

  put<Value extends MemberValue>(value: Value, seen: Member | null): Promise<Member<Value> | null> {
    const name = memberName(value);
    return this.#store.update(({ get, put, version }) => {
      const found = decode(get(MEMBER_PREFIX + name), name);
      if ((found?.token ?? 0) !== (seen?.token ?? 0)) return null;
      const token = version();
      put(MEMBER_PREFIX + name, encode({ value, token, deadlineMs: this.#deadline(value) }));
      return { name, value, token, alive: true, lease: '' };
    });
  }

  renew(members: readonly Member[]): Promise<readonly string[]> {
    return this.#store.update(({ get, put }) =>
      members.flatMap(({ name, token }) => {
        const found = decode(get(MEMBER_PREFIX + name), name);
        if (found?.token !== token) return [name];
        put(MEMBER_PREFIX + name, encode({ ...found, deadlineMs: this.#deadline(found.value) }));
        return [];
      }),
    );
  }

  remove(seen: Member, onlyDead: boolean): Promise<boolean> {
    const { name, token } = seen;
    return this.#store.update(({ get, remove }) => {
      const found = decode(get(MEMBER_PREFIX + name), name);
      if (found?.token !== token || (onlyDead && this.#isAlive(found))) return false;
      remove(MEMBER_PREFIX + name);
      return true;
    });
  }

  /** Whoever follows the log is woken by every write. */
  onWake(): () => void {
    return () => undefined;
  }

  #memberOf(name: string, { value, token, deadlineMs }: Stored): Member {
    return { name, value, token, alive: this.#isAlive({ deadlineMs }), lease: '' };
  }

  #isAlive({ deadlineMs }: Pick<Stored, 'deadlineMs'>): boolean {
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
