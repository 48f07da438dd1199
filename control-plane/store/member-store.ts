/**
 * Who is there: backends that registered themselves, and the proxies of the roster. Kept beside the log, not in it: they
 * come and go by themselves, and have no history.
 *
 * Invariants
 *  - every member has a lease, which ends unless it is renewed; a lease that has ended removes nothing by itself: the
 *    member is no longer `alive`, and what becomes of it is decided (members/expiry-machine.ts) and then written;
 *  - each write of a member gives it a new token, and every change and removal names the token that it has seen: who was
 *    stopped for a while can't undo what another one has written since;
 *  - head and members are read at one version of the store.
 *
 * Every method has a deadline of its own and throws LbError: UNAVAILABLE when the store does not answer.
 */
import type { Position } from '../../core/model/commit.ts';
import type { ConfigStore } from './config-store.ts';
import type { RegistrationState } from '../../core/model/registration.ts';

export interface Registration {
  readonly kind: 'backend';
  readonly pool: string;
  /** Canonical. */
  readonly address: string;
  readonly weight: number;
  readonly state: RegistrationState;
  /** Whoever registered it; made anew at every start of it. */
  readonly instanceId: string;
  readonly ttlMs: number;
  /** When it came, by the clock of the replica that took it. */
  readonly sinceMs: number;
  /** `expiring` only: until when it is kept. */
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

export type MemberValue = Registration | RosterEntry;

export interface Member<Value extends MemberValue = MemberValue> {
  /** `backend/POOL/ADDRESS` or `proxy/ID`. */
  readonly name: string;
  readonly value: Value;
  /** Made anew by every `put`; grows. */
  readonly token: number;
  /** Its lease has not ended. */
  readonly alive: boolean;
  /** What the store calls its lease. */
  readonly lease: string;
}

export interface MembersAtPosition {
  readonly position: Position;
  /** Sorted by name. The same array as before when nothing changed. */
  readonly members: readonly Member[];
}

export interface MemberStore {
  /** The head and every member, at one version (linearizable). Creates an empty store, as ConfigStore.head does. */
  look(): Promise<MembersAtPosition>;

  /**
   * Writes a member and begins (or renews) its lease of `value.ttlMs`, if the member is still the one that was `seen`;
   * null: there is none. Null when it is another one, or gone: nothing was written.
   */
  put<Value extends MemberValue>(value: Value, seen: Member | null): Promise<Member<Value> | null>;

  /** Renews leases. Gives the names of those members that are not (any more) as they were given: look again. */
  renew(members: readonly Member[]): Promise<readonly string[]>;

  /** Removes a member if it is still as it was `seen`; with `onlyDead`, only if its lease has ended. True: it did. */
  remove(seen: Member, onlyDead: boolean): Promise<boolean>;

  /** Calls `wake` when members may have changed: late, doubled or never. Returns a way to stop. */
  onWake(wake: () => void): () => void;
}

/** The name of a member among all members. */
export function memberName(value: MemberValue): string {
  return value.kind === 'backend' ? `backend/${value.pool}/${value.address}` : `proxy/${value.id}`;
}

export function isRegistration(member: Member): member is Member<Registration> {
  return member.value.kind === 'backend';
}

export function isRosterEntry(member: Member): member is Member<RosterEntry> {
  return member.value.kind === 'proxy';
}

/** A store whose members nobody asked for: looks at its head alone. */
export function withoutMembers(store: ConfigStore): Pick<MemberStore, 'look' | 'onWake'> {
  const members: MembersAtPosition['members'] = [];
  return { look: async () => ({ position: await store.head(), members }), onWake: () => () => undefined };
}
