/** Processes that register themselves in a pool of their own, and what must be true of them once all faults are over. */
import { mergeMembers } from '../../control-plane/store/members/merge-members.ts';
import { ALIVE_PREFIX } from '../../control-plane/store/keys.ts';
import { memberName, type Registration } from '../../control-plane/store/member-store.ts';
import type { State } from '../../core/model/state.ts';
import { connectReplica } from '../../core/wire/clients.ts';
import { eventually } from '../../harness/programs/processes.ts';
import { registrationsAt } from '../../harness/programs/registered-backend.ts';
import type { Fleet } from './fleet.ts';
import { readMemberHistory, verifyRemovals } from './judgement/member-history.ts';
import { inSeconds, nowMs } from './monotonic-time.ts';

/** The pool that nobody but them is in. No listener has it. */
export const GUESTS = 'guests';
const GUEST_TTL_MS = 2_000;
/** Its ttl, a third more, and the five seconds that a control plane looks on at first; the rest is for a busy machine. */
const LEAVES_WITHIN_MS = GUEST_TTL_MS * (4 / 3) + 5_000 + 5_000;
/** Ends when the process that began it is gone. */
const COMMAND = ['sh', '-c', 'while kill -0 $PPID; do sleep 0.5; done'];

function guestAddress(index: number): string {
  return `127.0.0.1:${101 + index}`;
}

/** The arguments of the program, behind its servers. */
export function guestArguments(index: number): readonly string[] {
  return ['register', GUESTS, guestAddress(index), '--ttl', `${GUEST_TTL_MS / 1_000}s`, '--', ...COMMAND];
}

/** A state in every way that proxies may run it: each of the guests is there, or is not. */
export function withGuests(state: State, guests: number): readonly State[] {
  return Array.from({ length: 2 ** guests }, (_, subset) => {
    const there = Array.from({ length: guests }, (_each, index) => index).filter(
      (index) => (subset & (1 << index)) !== 0,
    );
    const members = there.map((index) => {
      const value: Registration = {
        kind: 'backend',
        pool: GUESTS,
        address: guestAddress(index),
        weight: 1,
        state: 'active',
        instanceId: '',
        ttlMs: GUEST_TTL_MS,
        sinceMs: 0,
      };
      return { name: memberName(value), value, token: 0, alive: true, lease: '' };
    });
    return mergeMembers(state, members).state;
  });
}

/** Every one of these is in the pool, as every replica sees it, and nobody else is. */
export async function untilGuests(
  { replicas }: Pick<Fleet, 'replicas'>,
  indices: readonly number[],
  withinMs: number,
): Promise<void> {
  const expected = indices.map(guestAddress).join(' ');
  for (const [name, replica] of replicas) {
    const client = connectReplica(replica);
    const look = async () => {
      const found = (await registrationsAt(client)).filter(
        ({ source, state }) =>
          source === 'REGISTRATION_SOURCE_REGISTERED' && state === 'REGISTRATION_STATE_ACTIVE',
      );
      const addresses = found.map(({ address }) => address).sort();
      return addresses.join(' ') === expected;
    };
    await eventually(look, `${name} has these registered: ${expected}`, withinMs).finally(() =>
      client.close(),
    );
  }
}

/** Who lives is in the pool, who is lost is not for long, and nobody was removed who had been renewed. */
export async function judgeGuests(
  fleet: Fleet,
  guests: readonly number[],
  backMs: number,
  withinMs: number,
): Promise<{ readonly violations: readonly string[]; readonly summary: string }> {
  const [lost] = fleet.of('registrant');
  await lost?.kill();
  const lostMs = nowMs();
  await untilGuests(fleet, guests.slice(1), withinMs);
  const leftMs = nowMs() - lostMs;
  const events = await readMemberHistory(fleet.members[0] ?? '');
  const violations = verifyRemovals(events);
  if (leftMs > LEAVES_WITHIN_MS)
    violations.push(`a registration that was lost left its pool after ${inSeconds(leftMs)}`);
  const removed = events.filter(({ type, key }) => type === 'delete' && !key.startsWith(ALIVE_PREFIX));
  return {
    violations,
    summary:
      `${removed.length} registrations removed, the live ones back ${inSeconds(backMs)} after the last fault, ` +
      `a lost one gone after ${inSeconds(leftMs)}`,
  };
}
