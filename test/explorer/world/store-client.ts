/** The store, and what a replica does with it: reads on, and commits what clients ask for. */
import type { BatchStep } from '../../../control-plane/store/log/batch-machine.ts';
import type { Proposal } from '../../../control-plane/store/log/proposal.ts';
import type { Decision } from '../../../control-plane/store/log/plan-append.ts';
import { NOTHING_PUBLISHED, type Offer } from '../../../control-plane/snapshot/publish-machine.ts';
import type { RequestOutcome } from '../../../control-plane/store/log/commit-index.ts';
import type { Commit, Position } from '../../../core/model/commit.ts';
import { emptyState } from '../../../core/model/fold.ts';
import { originOf } from '../../../core/model/store-succession.ts';
import { LbError } from '../../../core/runtime/errors.ts';
import type { Machines } from '../machines.ts';
import { STORE_ID, PROPOSALS } from './scenario.ts';
import {
  type Answer,
  type Append,
  breakIf,
  type Replica,
  replicaAt,
  withReplica,
  type World,
} from './world.ts';

export const FRESH_REPLICA: Replica = {
  up: true,
  cut: false,
  followed: null,
  history: [],
  publish: NOTHING_PUBLISHED,
  queue: [],
  batch: null,
  awaits: null,
  sent: [],
};

export function headOf({ log }: World): Position {
  const last = log.at(-1);
  return { storeId: STORE_ID, revision: log.length, hash: last?.hash ?? '', version: log.length + 1 };
}

/**
 * The head and all reads up to it in one step: a log only grows, and nothing beyond the head is read, so whatever
 * else happens between them changes nothing of what they see.
 */
export function readOn(machines: Machines, world: World, index: number): World {
  const { followed, history } = replicaAt(world, index);
  const head = headOf(world);
  const plan = machines.planCatchUp(followed, head);
  if (plan.type === 'refuse') return refused(world, plan.reason);
  if (plan.type === 'stay') return world;
  const base = plan.base?.state ?? emptyState(originOf(head));
  const reading = machines.readUpTo(base, { head, revision: head.revision });
  let step = reading.next();
  while (!step.done) {
    const from = step.value.from - 1;
    step = reading.next(world.log.slice(from, from + step.value.limit));
  }
  if (!step.value.ok) return refused(world, step.value.reason);
  const { state, commits } = step.value;
  const next = withReplica(world, index, {
    followed: { state, position: head },
    history: plan.base === null ? commits : [...history, ...commits],
  });
  const isOlder = head.revision < (followed?.position.revision ?? -1);
  return offer(machines, breakIf(next, isOlder, 'never backwards: a replica follows an older state'), index);
}

function refused(world: World, reason: string): World {
  return breakIf(world, true, `a replica refuses its own store: ${reason}`);
}

const NOBODY: Offer['members'] = [];

function offer(machines: Machines, world: World, index: number): World {
  const { followed, publish } = replicaAt(world, index);
  if (followed === null) return world;
  const event = { type: 'offered', offer: { ...followed, members: NOBODY }, sinceLastBuildMs: 0 } as const;
  return withReplica(world, index, { publish: machines.stepPublish(publish, event).state });
}

/** A client asks for a change. */
export function ask(machines: Machines, world: World, write: number, index: number): World {
  const proposal = PROPOSALS[write] as Proposal;
  const { queue } = replicaAt(world, index);
  const doubted = world.writes[write]?.type === 'told';
  const writes = world.writes.map((status, at) =>
    at === write ? ({ type: 'asked', replica: index, doubted } as const) : status,
  );
  return startBatch(
    machines,
    withReplica({ ...world, writes }, index, { queue: [...queue, proposal] }),
    index,
  );
}

function startBatch(machines: Machines, world: World, index: number): World {
  const { batch, queue } = replicaAt(world, index);
  if (batch !== null || queue.length === 0) return world;
  const next = withReplica(world, index, { queue: [] });
  return afterStep(machines, next, index, machines.openBatch(queue));
}

/** What is waited for comes about. `cut`: the store does not answer. */
export function goOn(machines: Machines, world: World, index: number): World {
  const { awaits, cut } = replicaAt(world, index);
  switch (awaits?.type) {
    case 'catch-up':
      return cut
        ? event(machines, world, index, { type: 'catch-up-failed', error: away() })
        : catchUp(machines, world, index);
    case 'append': {
      if (cut) return event(machines, world, index, { type: 'append-ended', end: 'refused', error: away() });
      const { world: next, landed } = land(world, awaits.append);
      return withReplica(next, index, { awaits: { type: 'answer', end: landed ? 'appended' : 'conflict' } });
    }
    case 'answer':
      return event(machines, world, index, { type: 'append-ended', end: cut ? 'unknown' : awaits.end });
    case undefined:
      return world;
  }
}

const away = () => new LbError('UNAVAILABLE', 'the store does not answer');

function catchUp(machines: Machines, world: World, index: number): World {
  const read = readOn(machines, world, index);
  const { history, followed } = replicaAt(read, index);
  if (followed === null) return read;
  const { state } = followed;
  return event(machines, read, index, {
    type: 'caught-up',
    state,
    timeMs: 0,
    committed: outcomesOf(history),
  });
}

const outcomes = new Map<string, (requestId: string) => RequestOutcome | undefined>();

/** The same function for the same history, so that equal events are equal. */
function outcomesOf(history: readonly Commit[]): (requestId: string) => RequestOutcome | undefined {
  const key = history.at(-1)?.hash ?? '';
  let found = outcomes.get(key);
  if (found === undefined) {
    found = (requestId) => {
      const commit = history.find((each) => each.requestId === requestId);
      if (commit === undefined) return undefined;
      const { revision, hash, requestDigest: digest } = commit;
      return { revision, hash, digest, changes: [] };
    };
    outcomes.set(key, found);
  }
  return found;
}

/** No answer comes. */
export function unanswered(machines: Machines, world: World, index: number): World {
  return event(machines, world, index, { type: 'append-ended', end: 'unknown' });
}

export function expire(machines: Machines, world: World, write: number, index: number): World {
  const proposal = PROPOSALS[write] as Proposal;
  const { sent, queue } = replicaAt(world, index);
  const answer = sent.includes(proposal) ? 'unknown' : 'nothing-written';
  const told = tell(world, write, answer);
  const next = withReplica(told, index, { queue: queue.filter((each) => each !== proposal) });
  return event(machines, next, index, { type: 'expired', proposal });
}

type BatchEvents = Parameters<Machines['stepBatch']>[1];

function event(machines: Machines, world: World, index: number, what: BatchEvents): World {
  const { batch } = replicaAt(world, index);
  if (batch === null) return world;
  return afterStep(machines, world, index, machines.stepBatch(batch, what));
}

function afterStep(
  machines: Machines,
  world: World,
  index: number,
  { state, effects }: BatchStep<Proposal>,
): World {
  let next = withReplica(world, index, { batch: state });
  for (const effect of effects) {
    const { sent } = replicaAt(next, index);
    switch (effect.type) {
      case 'catch-up':
        next = withReplica(next, index, { awaits: { type: 'catch-up' } });
        break;
      case 'append': {
        const { base, commits } = effect.plan;
        next = withReplica(next, index, {
          awaits: { type: 'append', append: { parent: base.head, commits } },
        });
        break;
      }
      case 'sent':
      case 'not-sent': {
        const others = sent.filter((proposal) => proposal !== effect.proposal);
        next = withReplica(next, index, {
          sent: effect.type === 'sent' ? [...others, effect.proposal] : others,
        });
        break;
      }
      case 'settle':
        next = decided(next, index, effect.decision);
        break;
      case 'refresh':
        if (!replicaAt(next, index).cut) next = readOn(machines, next, index);
        return event(machines, next, index, { type: 'refreshed' });
      case 'pause':
        // A pause only delays the next read, which can be delayed anyway.
        return event(machines, next, index, { type: 'paused' });
    }
  }
  if (state.phase !== 'ended') return next;
  const { queue } = replicaAt(next, index);
  const stillOpen = state.postponed.filter((proposal) => isAsked(next, proposal, index));
  const rest = { batch: null, awaits: null, sent: [], queue: [...stillOpen, ...queue] };
  return startBatch(machines, withReplica(next, index, rest), index);
}

function isAsked({ writes }: World, proposal: Proposal, index: number): boolean {
  const status = writes[PROPOSALS.indexOf(proposal)];
  return status?.type === 'asked' && status.replica === index;
}

function decided(world: World, index: number, { proposal, result }: Decision): World {
  if (!isAsked(world, proposal, index)) return world;
  const write = PROPOSALS.indexOf(proposal);
  if (result instanceof LbError) {
    return tell(world, write, result.code === 'UNAVAILABLE' ? 'nothing-written' : 'refused');
  }
  const inLog = world.log[result.revision - 1]?.requestId === proposal.requestId;
  return breakIf(
    tell(world, write, 'committed'),
    !inLog,
    `no lost acknowledged commit: change ${write + 1} was acknowledged as revision ${result.revision}, which is not it`,
  );
}

function tell(world: World, write: number, said: Answer): World {
  const before = world.writes[write];
  const answer = before?.type === 'asked' && before.doubted ? afterDoubt(said) : said;
  const writes = world.writes.map((status, at) =>
    at === write ? ({ type: 'told', answer } as const) : status,
  );
  const inLog = world.log.some(({ requestId }) => requestId === PROPOSALS[write]?.requestId);
  const isFalse = inLog && (answer === 'refused' || answer === 'nothing-written');
  const words = `change ${write + 1} is in the log, and its client was told: ${answer}`;
  return breakIf({ ...world, writes }, isFalse, words);
}

/** What lbctl makes of an answer when an earlier try may have been written. */
function afterDoubt(said: Answer): Answer {
  if (said === 'nothing-written') return 'unknown';
  return said === 'refused' ? 'unknown-for-good' : said;
}

/** Compare and append. */
export function land(
  world: World,
  { parent, commits }: Append,
): { readonly world: World; readonly landed: boolean } {
  const head = headOf(world);
  if (parent.revision !== head.revision || parent.hash !== head.hash) return { world, landed: false };
  let next: World = { ...world, log: [...world.log, ...commits] };
  for (const { requestId } of commits) {
    const write = PROPOSALS.findIndex((proposal) => proposal.requestId === requestId);
    const status = world.writes[write];
    const twice = world.log.some((commit) => commit.requestId === requestId);
    next = breakIf(next, twice, `change ${write + 1} is in the log twice`);
    const toldNo =
      status?.type === 'told' && (status.answer === 'refused' || status.answer === 'nothing-written');
    const words = status?.type === 'told' ? status.answer : '';
    next = breakIf(next, toldNo, `change ${write + 1} lands in the log, and its client was told: ${words}`);
  }
  return { world: next, landed: true };
}

/** Its memory is gone, and its clients do not know what became of their changes. */
export function killReplica(world: World, index: number): World {
  const { awaits, cut } = replicaAt(world, index);
  const late = awaits?.type === 'append' && !cut ? [...world.late, awaits.append] : world.late;
  const writes = world.writes.map((status) =>
    status.type === 'asked' && status.replica === index
      ? ({ type: 'told', answer: 'unknown' } as const)
      : status,
  );
  return withReplica({ ...world, late, writes }, index, { ...FRESH_REPLICA, up: false, cut });
}
