/** Copies of the machines with one defect each, to see that the explorer finds it. */
import { snapshotHash } from '../../core/model/hash.ts';
import type { Snapshot, SnapshotEntry } from '../../core/model/snapshot.ts';
import type { DeltaPart } from '../../data-plane/subscription/delta-part.ts';
import { type Machines, PRODUCT } from './machines.ts';
import type { Fault } from './world/world.ts';

const { stepBatch, readUpTo, stepPublish, stepSubscription, stepProxy, applySteps, stepRollout } = PRODUCT;

/** One defect in a copy of a machine, and the world in which it shows. */
export interface Defect {
  /** The machine and what it does wrong. */
  readonly name: string;
  /** What replaces the product's own. */
  readonly breaks: Partial<Machines>;
  /** What the explorer has to find. */
  readonly finds: RegExp;
  /** The kinds of the one fault that it needs; none if left out. */
  readonly kinds?: readonly Fault[];
  /** 1 if left out. */
  readonly changes?: number;
  /** Whether there is a proxy: yes, if left out. */
  readonly proxy?: boolean;
  /** What is sent is not judged: there the property of the sender would break first. */
  readonly trustsSender?: boolean;
}

const nothing = new Error('no answer');

const storeClient: readonly Defect[] = [
  {
    name: 'store client that takes an append without an answer for one that was refused',
    breaks: {
      stepBatch: (state, event) =>
        event.type === 'append-ended' && event.end === 'unknown'
          ? stepBatch(state, { type: 'append-ended', end: 'refused', error: nothing })
          : stepBatch(state, event),
    },
    finds: /in the log, and its client was told: nothing-written/,
    kinds: ['append-unknown'],
    proxy: false,
  },
  {
    name: 'store client that takes an append without an answer for one that is written',
    breaks: {
      stepBatch: (state, event) =>
        event.type === 'append-ended' && event.end === 'unknown'
          ? stepBatch(state, { type: 'append-ended', end: 'appended' })
          : stepBatch(state, event),
    },
    finds: /no lost acknowledged commit/,
    kinds: ['append-unknown'],
    proxy: false,
  },
  {
    name: 'store client that does not check whether the request_id was committed before',
    breaks: {
      stepBatch: (state, event) =>
        event.type === 'caught-up'
          ? stepBatch(state, { ...event, committed: () => undefined })
          : stepBatch(state, event),
    },
    finds: /change 1 is in the log twice/,
    kinds: ['replica-killed'],
    proxy: false,
  },
  {
    name: 'store client that follows a head without reading the commits before it',
    breaks: {
      *readUpTo(base, goal) {
        if (base.head.revision === 0) return yield* readUpTo(base, goal);
        return { ok: true, state: base, commits: [] };
      },
    },
    finds: /never a mixture: what is applied as revision 2 is not that revision/,
  },
];

const publisher: readonly Defect[] = [
  {
    name: 'publisher that coalesces to the oldest state under the newest position',
    breaks: {
      stepPublish: (state, event) =>
        event.type === 'offered' && state.waiting !== null
          ? stepPublish(state, { ...event, offer: { ...event.offer, state: state.waiting.state } })
          : stepPublish(state, event),
    },
    finds: /never a mixture: what is applied as revision \d is not that revision/,
    changes: 2,
  },
  {
    name: 'publisher that forgets what came while a build was waiting',
    breaks: {
      stepPublish: (state, event) =>
        event.type === 'offered' && state.waiting !== null
          ? { state, effects: [] }
          : stepPublish(state, event),
    },
    finds: /deadlock/,
    changes: 2,
  },
];

const older = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  position: { ...snapshot.position, revision: 0, version: 0, hash: '' },
});

/** The server takes every proxy for a new one. */
const admitsAll: Machines['stepSubscription'] = (state, event) =>
  stepSubscription(
    state,
    event.type === 'subscribe' ? { ...event, position: null, snapshotHash: '', base: null } : event,
  );

/** A delta applied without asking whether it fits: what the product must never do. */
function applyPlain(base: Snapshot | null, parts: readonly DeltaPart[]): ReadonlyMap<string, SnapshotEntry> {
  const entries = new Map(base?.entries);
  for (const { removals, upserts } of parts) {
    for (const key of removals) entries.delete(key);
    for (const entry of upserts) entries.set(entry.key, entry);
  }
  return entries;
}

const subscription: readonly Defect[] = [
  {
    name: 'subscription, control plane that does not look at the position of a proxy',
    breaks: { stepSubscription: admitsAll },
    finds: /never backwards: revision 1 is sent to a proxy that runs 2/,
    kinds: ['stream-broken'],
  },
  {
    name: 'subscription, control plane that sends nothing that was published while a delta was in flight',
    breaks: {
      stepSubscription: (state, event) =>
        event.type === 'published' && state.inFlight !== null
          ? { state, effects: [] }
          : stepSubscription(state, event),
    },
    finds: /deadlock/,
    changes: 2,
  },
  {
    name: 'subscription, proxy that fails over without saying what it runs',
    breaks: {
      stepProxy: (state, event) => {
        const step = stepProxy(state, event);
        const effects = step.effects.map((effect) =>
          effect.type === 'subscribe' ? { ...effect, position: null, snapshotHash: '' } : effect,
        );
        return { ...step, effects };
      },
    },
    finds: /never backwards: revision 1 is sent to a proxy that runs 2/,
    kinds: ['stream-broken'],
  },
  {
    name: 'subscription, proxy that takes an older revision, from a replica that does not look either',
    breaks: {
      stepSubscription: admitsAll,
      stepProxy: (state, event) => {
        if (event.type !== 'part' || state.current === null) return stepProxy(state, event);
        const step = stepProxy({ ...state, current: older(state.current) }, event);
        return { ...step, state: { ...step.state, current: state.current } };
      },
    },
    finds: /never backwards: worker 1 ran revision 2, and now 1/,
    kinds: ['stream-broken'],
    trustsSender: true,
  },
  {
    name: 'subscription, proxy that adds a delta to whatever it has, and does not compare the hash',
    breaks: {
      stepProxy: (state, event) => {
        if (event.type !== 'part' || state.link.type !== 'subscribed') return stepProxy(state, event);
        const { part } = event;
        const isFirst = state.link.collected?.nonce !== part.nonce;
        const baseHash = isFirst ? (state.current?.hash ?? '') : '';
        if (!part.end) return stepProxy(state, { ...event, part: { ...part, baseHash } });
        const parts = [...(state.link.collected?.parts ?? []), part];
        const hash = snapshotHash(applyPlain(state.current, parts).values());
        return stepProxy(state, {
          ...event,
          part: { ...part, baseHash, end: { ...part.end, snapshotHash: hash } },
        });
      },
    },
    finds: /never a mixture: what is applied as revision 2 is not that revision/,
    kinds: ['message-lost'],
  },
  {
    name: 'subscription, proxy that does not notice that its stream is lost',
    breaks: {
      stepProxy: (state, event) =>
        event.type === 'stream-lost' ? { state, effects: [] } : stepProxy(state, event),
    },
    finds: /deadlock/,
    kinds: ['stream-broken'],
  },
];

const workers: readonly Defect[] = [
  {
    name: 'apply that lets workers run a snapshot before it is on disk under its name',
    breaks: {
      applySteps: (fromDisk) => (fromDisk ? applySteps(true) : ['stage', 'run', 'keep']),
    },
    finds: /never backwards: worker 1 ran revision 2, and now 1/,
    kinds: ['proxy-killed'],
  },
  {
    name: 'apply that does not write a snapshot down',
    breaks: { applySteps: () => applySteps(true) },
    finds: /never backwards: revision 2 is acknowledged, and the next process would start with 1/,
  },
  {
    name: 'worker rollout that says that a plan is applied before all workers have swapped to it',
    breaks: {
      stepRollout: (state, event) => {
        const step = stepRollout(state, event);
        const others = step.effects.filter(({ type }) => type !== 'applied');
        const isFirstCommit = event.type === 'done' && step.state.rollout?.phase === 'committing';
        const { rollout } = step.state;
        if (!isFirstCommit || rollout === null || others.length > 0) return step;
        return { ...step, effects: [{ type: 'applied', sequence: rollout.sequence }] };
      },
    },
    finds: /never a mixture: revision 2 is acknowledged, and a worker does not run it/,
  },
  {
    name: 'worker rollout that gives a replacement the plan from before the rollout',
    breaks: {
      stepRollout: (state, event) => {
        const step = stepRollout(state, event);
        if (state.plan === null || step.state.rollout?.phase !== 'committing') {
          const applied = step.effects.find((effect) => effect.type === 'applied');
          return applied ? { ...step, state: { ...step.state, plan: applied.sequence } } : step;
        }
        return { ...step, state: { ...step.state, plan: state.plan } };
      },
    },
    finds: /never a mixture: revision 2 is acknowledged, and a worker does not run it/,
    kinds: ['worker-killed'],
  },
  {
    name: 'worker that swaps before it has made the plan ready',
    breaks: { commitPrepared: ({ running }) => running && { running, prepared: null } },
    finds: /worker 1 is to run a plan that it has not prepared/,
  },
];

export const DEFECTS: readonly Defect[] = [...storeClient, ...publisher, ...subscription, ...workers];
