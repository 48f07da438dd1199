/** Members in memory. One MemberTable is the "server"; each MemoryMemberStore is a client of it, beside its MemoryStore. */
import { reuse } from '../../control-plane/store/members/member-codec.ts';
import {
  type Member,
  type MembersAtPosition,
  type MemberStore,
  type MemberValue,
  memberName,
} from '../../control-plane/store/member-store.ts';
import type { Clock } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { MemoryLog, MemoryStore } from './memory-store.ts';

interface Stored {
  readonly value: MemberValue;
  readonly token: number;
  deadlineMs: number;
}

const tables = new WeakMap<MemoryLog, Map<string, Stored>>();

/** Every client of one log sees the same members. */
function tableOf(log: MemoryLog): Map<string, Stored> {
  const table = tables.get(log) ?? new Map<string, Stored>();
  tables.set(log, table);
  return table;
}

export class MemoryMemberStore implements MemberStore {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #table: Map<string, Stored>;
  #known: readonly Member[] = [];
  readonly calls = { put: 0, renew: 0, remove: 0 };
  /** No room: only what needs none is done. */
  full = false;

  constructor(store: MemoryStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#table = tableOf(store.log);
  }

  async read(): Promise<MembersAtPosition> {
    const position = await this.#store.head();
    const members = Array.from(this.#table, ([name, { value, token, deadlineMs }]) => ({
      name,
      value,
      token,
      alive: deadlineMs > this.#clock.wallMs(),
      lease: '',
    }));
    this.#known = reuse(this.#known, members);
    return { position, members: this.#known };
  }

  async put<Value extends MemberValue>(value: Value, seen: Member | null): Promise<Member<Value> | null> {
    this.#enter('put');
    const name = memberName(value);
    if ((this.#table.get(name)?.token ?? 0) !== (seen?.token ?? 0)) return null;
    const token = this.#changed();
    this.#table.set(name, { value, token, deadlineMs: this.#clock.wallMs() + value.ttlMs });
    return { name, value, token, alive: true, lease: '' };
  }

  async renew(members: readonly Member[]): Promise<readonly string[]> {
    this.#enter('renew');
    return members.flatMap(({ name, token }) => {
      const found = this.#table.get(name);
      if (found?.token !== token) return [name];
      found.deadlineMs = this.#clock.wallMs() + found.value.ttlMs;
      this.#changed();
      return [];
    });
  }

  async remove({ name, token }: Member, onlyDead: boolean): Promise<boolean> {
    this.#enter('remove');
    const found = this.#table.get(name);
    if (found?.token !== token || (onlyDead && found.deadlineMs > this.#clock.wallMs())) return false;
    this.#table.delete(name);
    this.#changed();
    return true;
  }

  onWake(): () => void {
    return () => undefined;
  }

  #enter(call: 'put' | 'renew' | 'remove'): void {
    this.calls[call] += 1;
    if (this.full && call !== 'renew') throw new LbError('RESOURCE_EXHAUSTED', 'the store memory is full');
    if (this.#store.away) throw new LbError('UNAVAILABLE', 'the store memory does not answer');
  }

  #changed(): number {
    const { log } = this.#store;
    log.version += 1;
    for (const wake of log.wakes) wake();
    return log.version;
  }
}
