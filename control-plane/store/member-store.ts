/**
 * The members of a fleet: backends that registered themselves, and the proxies on the roster. They are kept beside the
 * log, not in it, because they come and go by themselves and have no history.
 *
 * Invariants
 *  - every member has a lease, which ends unless it is renewed. The end of a lease removes nothing: the member is no
 *    longer `alive`, and a replica decides what becomes of it (members/expiry-machine.ts) and writes that;
 *  - each write gives a member a new token, and every change and removal names the token that its caller has read, so a
 *    replica that was stopped for a while can't undo what another one has written since;
 *  - head and members are read at one version of the store.
 *
 * Every method has its own deadline and throws LbError: UNAVAILABLE when the store does not answer.
 */
import type { Position } from '../../core/model/commit.ts';
import type { RegistrationState } from '../../core/model/resources.ts';
import type { ConfigStore } from './config-store.ts';

export interface Registration {
  readonly kind: 'backend';
  readonly pool: string;
  /** Canonical. */
  readonly address: string;
  readonly weight: number;
  readonly state: RegistrationState;
  /** The process that registered it; a new id for every start of that process. */
  readonly instanceId: string;
  readonly ttlMs: number;
  /** When it registered, by the clock of the replica that took it. */
  readonly sinceMs: number;
  /** Whose connection registered it (api/caller.ts). Absent: a program registered it that did not keep that. */
  readonly caller?: string;
  /** How long it is kept; `expiring` ones only. */
  readonly heldUntilMs?: number;
}

export interface RosterEntry {
  readonly kind: 'proxy';
  readonly id: string;
  readonly zone: string;
  readonly instanceId: string;
  readonly ttlMs: number;
  readonly sinceMs: number;
}

/** An address of a name, and what its SRV record says of it. */
export interface DnsAddress {
  /** Canonical. */
  readonly address: string;
  readonly weight?: number;
  readonly tier?: number;
}

/** What a name in the `dns` of a pool has led to since `sinceMs`. It does not end with its lease: the last answer stays. */
export interface DnsAnswer {
  readonly kind: 'dns';
  readonly pool: string;
  /** As in the pool. */
  readonly name: string;
  /** Sorted by address. */
  readonly addresses: readonly DnsAddress[];
  /** Why they may be out of date, or are not all; absent: all is well. */
  readonly problem?: string;
  /** Until when addresses are kept that left the answer together with many others. Absent: there are none. */
  readonly heldUntilMs?: number;
  readonly instanceId: string;
  readonly ttlMs: number;
  readonly sinceMs: number;
}

/** The replica that resolves names for the fleet: the one that holds this member. */
export interface ResolverRole {
  readonly kind: 'resolver';
  readonly instanceId: string;
  readonly ttlMs: number;
  readonly sinceMs: number;
}

export type MemberValue = Registration | RosterEntry | DnsAnswer | ResolverRole;

export interface Member<Value extends MemberValue = MemberValue> {
  /** `backend/POOL/ADDRESS`, `proxy/ID`, `dns/POOL/NAME` or `resolver`. */
  readonly name: string;
  readonly value: Value;
  /** A new and larger one with every `put`. */
  readonly token: number;
  /** Its lease has not ended. */
  readonly alive: boolean;
  /** The store's own id of the lease. */
  readonly lease: string;
}

export interface MembersAtPosition {
  readonly position: Position;
  /** Sorted by name. The same array as before when nothing changed. */
  readonly members: readonly Member[];
}

export interface MemberStore {
  /** The head and every member at one version (linearizable). Creates an empty store, as ConfigStore.head does. */
  read(): Promise<MembersAtPosition>;

  /**
   * Writes a member and begins (or renews) its lease of `value.ttlMs`, if the store still has the member as `seen`, or
   * none when `seen` is null. Otherwise it writes nothing and returns null.
   */
  put<Value extends MemberValue>(value: Value, seen: Member | null): Promise<Member<Value> | null>;

  /** Renews leases. Returns the names of those members that are no longer as given; read them again. */
  renew(members: readonly Member[]): Promise<readonly string[]>;

  /** Removes a member if it is still as it was `seen`; with `onlyDead`, only if its lease has ended. True: removed. */
  remove(seen: Member, onlyDead: boolean): Promise<boolean>;

  /** Calls `wake` when members may have changed; a call can be late, doubled or missing. Returns a way to stop. */
  onWake(wake: () => void): () => void;
}

/** The name of a member among all members. */
export function memberName(value: MemberValue): string {
  switch (value.kind) {
    case 'backend':
      return `backend/${value.pool}/${value.address}`;
    case 'proxy':
      return `proxy/${value.id}`;
    case 'dns':
      return `dns/${value.pool}/${value.name}`;
    case 'resolver':
      return 'resolver';
  }
}

export function isDnsAnswer(member: Member): member is Member<DnsAnswer> {
  return member.value.kind === 'dns';
}

export function isResolverRole(member: Member): member is Member<ResolverRole> {
  return member.value.kind === 'resolver';
}

export function isRegistration(member: Member): member is Member<Registration> {
  return member.value.kind === 'backend';
}

export function isRosterEntry(member: Member): member is Member<RosterEntry> {
  return member.value.kind === 'proxy';
}

/** Reads the head alone, for callers that need no members. */
export function withoutMembers(store: ConfigStore): Pick<MemberStore, 'read' | 'onWake'> {
  const members: MembersAtPosition['members'] = [];
  return { read: async () => ({ position: await store.head(), members }), onWake: () => () => undefined };
}
