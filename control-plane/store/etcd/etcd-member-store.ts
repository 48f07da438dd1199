/**
 * Members in etcd: the record under one key without a lease, and beside it a key under a lease that shows it is alive. So
 * the end of a lease removes only the sign of life, and a replica decides what becomes of the member and writes that.
 *
 * A transaction that goes to two endpoints may be done twice: the second one finds its own lease, and so its own work.
 */
import type { IKeyValue, IRangeRequest, IRequestOp, ITxnResponse } from 'etcd3';
import { LbError } from '../../../core/runtime/errors.ts';
import { ALIVE_PREFIX, MEMBER_END, MEMBER_PREFIX } from '../keys.ts';
import type { EtcdClient } from './etcd-client.ts';
import { isNotFound, isTooMuch } from './etcd-errors.ts';
import type { EtcdStore } from './etcd-store.ts';
import {
  decodeMember,
  encodeMember,
  LeftOutMembers,
  type LeftOutLog,
  MAX_MEMBER_BYTES,
  reuse,
} from '../members/member-codec.ts';
import {
  type Member,
  type MembersAtPosition,
  type MemberStore,
  type MemberValue,
  memberName,
} from '../member-store.ts';

/** Keys of one request. Members are small; where somebody has written large ones, a page has fewer. */
const PAGE_KEYS = 4_096;

export class EtcdMemberStore implements MemberStore {
  readonly #leftOut: LeftOutMembers;
  readonly #client: EtcdClient;
  readonly #store: EtcdStore;
  #cached: { readonly fingerprint: string; readonly members: readonly Member[] } = {
    fingerprint: '',
    members: [],
  };

  /** `store` is the log in the same etcd: its head says at which version the members are read. */
  constructor(client: EtcdClient, store: EtcdStore, logger?: LeftOutLog) {
    this.#leftOut = new LeftOutMembers(logger);
    this.#client = client;
    this.#store = store;
  }

  async read(): Promise<MembersAtPosition> {
    const position = await this.#store.head();
    const all = {
      key: this.#client.key(MEMBER_PREFIX),
      range_end: this.#client.key(MEMBER_END),
      revision: position.version,
    };
    const newest = await this.#client.range({
      ...all,
      sort_order: 'Descend',
      sort_target: 'Mod',
      limit: 1,
      keys_only: true,
    });
    // Every write raises the newest revision among the keys, and a removal without one lowers their number.
    const fingerprint = `${position.storeId} ${newest.count} ${newest.kvs[0]?.mod_revision ?? 0}`;
    if (fingerprint !== this.#cached.fingerprint) {
      const kvs = await this.#readPages(all);
      this.#cached = { fingerprint, members: reuse(this.#cached.members, this.#membersOf(kvs)) };
    }
    return { position, members: this.#cached.members };
  }

  async put<Value extends MemberValue>(value: Value, seen: Member | null): Promise<Member<Value> | null> {
    const name = memberName(value);
    // A lease keeps the length that it was granted with, and an ended one can't be revived.
    if (seen?.alive && seen.value.instanceId === value.instanceId && seen.value.ttlMs === value.ttlMs) {
      try {
        return await this.#put(name, value, seen.token, seen.lease);
      } catch (error) {
        if (!(error instanceof LbError && isNotFound(error.cause))) throw error;
      }
    }
    const lease = await this.#client.grantLease(Math.ceil(value.ttlMs / 1_000));
    const put = await this.#put(name, value, seen?.token ?? 0, lease);
    // Nobody uses this lease. It would end by itself, only later.
    if (put === null) await this.#client.revokeLease(lease).catch(() => undefined);
    return put;
  }

  async renew(members: readonly Member[]): Promise<readonly string[]> {
    // '0': the member had no lease when it was read.
    const leased = members.filter(({ lease }) => lease !== '0');
    const seconds = await this.#client.renewLeases(leased.map(({ lease }) => lease));
    const renewed = new Set(leased.filter((_, index) => (seconds[index] ?? 0) > 0));
    return members.filter((member) => !renewed.has(member)).map(({ name }) => name);
  }

  async remove(seen: Member, onlyDead: boolean): Promise<boolean> {
    const [key, alive] = this.#keys(seen.name);
    const dead = { key: alive, result: 'Equal', target: 'Create', create_revision: 0 } as const;
    // An etcd that is full removes keys, but begins no lease: a removal must not be easier than a way to prevent it.
    const { succeeded } = await this.#store.write(
      {
        compare: [unchanged(key, seen.token), ...(onlyDead ? [dead] : [])],
        success: [{ request_delete_range: { key } }, { request_delete_range: { key: alive } }],
        failure: [],
      },
      true,
    );
    return succeeded;
  }

  onWake(wake: () => void): () => void {
    return this.#client.watch(this.#client.key(MEMBER_PREFIX), wake, this.#client.key(MEMBER_END));
  }

  async #put<Value extends MemberValue>(
    name: string,
    value: Value,
    token: number,
    lease: string,
  ): Promise<Member<Value> | null> {
    const [key, alive] = this.#keys(name);
    const read = (what: Buffer): IRequestOp => ({ request_range: { key: what } });
    const answer = await this.#store.write({
      compare: [unchanged(key, token)],
      success: [
        { request_put: { key, value: encodeMember(value) } },
        { request_put: { key: alive, value: Buffer.alloc(0), lease } },
      ],
      failure: [read(key), read(alive)],
    });
    const made = (written: number) => ({ name, value, token: written, alive: true, lease });
    if (answer.succeeded) return made(Number(answer.header.revision));
    const [member, sign] = [foundIn(answer, 0), foundIn(answer, 1)];
    // No program writes such a record, and who reads it leaves it out: it is nobody's.
    if (token === 0 && member !== undefined && member.value.length > MAX_MEMBER_BYTES)
      return this.#put(name, value, Number(member.mod_revision), lease);
    const isOurs = sign?.lease === lease && member !== undefined && encodeMember(value).equals(member.value);
    return isOurs ? made(Number(member.mod_revision)) : null;
  }

  /** All pages are of the same version. What is too large is not kept in memory. */
  async #readPages({
    key,
    ...rest
  }: IRangeRequest & { readonly key: Buffer }): Promise<readonly IKeyValue[]> {
    const kept: IKeyValue[] = [];
    let from: Buffer | undefined = key;
    for (let limit = PAGE_KEYS; from !== undefined; ) {
      try {
        const { kvs, more } = await this.#client.range({ ...rest, key: from, limit });
        for (const kv of kvs)
          kept.push(kv.value.length > MAX_MEMBER_BYTES ? { ...kv, value: TOO_LARGE } : kv);
        const last = kvs.at(-1)?.key;
        from = more && last !== undefined ? Buffer.concat([last, Buffer.of(0)]) : undefined;
      } catch (error) {
        if (limit === 1 || !isTooMuch(error)) throw error;
        limit = Math.ceil(limit / 8);
      }
    }
    return kept;
  }

  #keys(name: string): readonly [Buffer, Buffer] {
    return [this.#client.key(MEMBER_PREFIX + name), this.#client.key(ALIVE_PREFIX + name)];
  }

  #membersOf(kvs: readonly IKeyValue[]): Member[] {
    const skip = this.#client.prefix.length;
    const leases = new Map<string, string>();
    const members: Member[] = [];
    const unread: { key: string; bytes: number }[] = [];
    for (const { key, value, mod_revision, lease } of kvs) {
      const text = key.toString().slice(skip);
      if (text.startsWith(ALIVE_PREFIX)) {
        leases.set(text.slice(ALIVE_PREFIX.length), lease);
        continue;
      }
      const name = text.slice(MEMBER_PREFIX.length);
      const decoded = decodeMember(value, name);
      if (decoded === undefined) unread.push({ key: key.toString(), bytes: value.length });
      else members.push({ name, value: decoded, token: Number(mod_revision), alive: false, lease: '0' });
    }
    this.#leftOut.report(unread);
    return members.map((member) => {
      const lease = leases.get(member.name);
      return lease === undefined ? member : { ...member, alive: true, lease };
    });
  }
}

/** Stands for a value that is. */
const TOO_LARGE = Buffer.alloc(MAX_MEMBER_BYTES + 1);

/** A key that does not exist has the revision 0. */
function unchanged(key: Buffer, token: number) {
  return { key, result: 'Equal', target: 'Mod', mod_revision: token } as const;
}

function foundIn({ responses }: ITxnResponse, index: number): IKeyValue | undefined {
  return responses[index]?.response_range.kvs[0];
}
