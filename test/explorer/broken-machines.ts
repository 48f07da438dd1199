/** Copies of the machines with one defect each, to see that the explorer finds it. */
import { snapshotHash } from '../../core/model/hash.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { BROKEN_WORKERS } from './broken-workers.ts';
import type { Defect } from './defect.ts';
import { applyPlain } from './plain-delta.ts';
import { type Machines, PRODUCT } from './machines.ts';

const { stepBatch, readUpTo, stepPublish, stepSubscription, stepProxy } = PRODUCT;

const nothing = new Error('no answer');

const storeClient: readonly Defect[] = [
  {
    machine: 'store client',
    name: 'takes an append without an answer for one that was refused',
    machines: {
      ...PRODUCT,
      stepBatch: (state, event) =>
        event.type === 'append-ended' && event.end === 'unknown'
          ? stepBatch(state, { type: 'append-ended', end: 'refused', error: nothing })
          : stepBatch(state, event),
    },
    finds: /in the log, and its client was told: nothing-written/,
    kinds: ['append-unknown'],
    changes: 1,
    proxy: false,
  },
  {
    machine: 'store client',
    name: 'takes an append without an answer for one that is written',
    machines: {
      ...PRODUCT,
      stepBatch: (state, event) =>
        event.type === 'append-ended' && event.end === 'unknown'
          ? stepBatch(state, { type: 'append-ended', end: 'appended' })
          : stepBatch(state, event),
    },
    finds: /no lost acknowledged commit/,
    kinds: ['append-unknown'],
    changes: 1,
    proxy: false,
  },
  {
    machine: 'store client',
    name: 'does not check whether the request_id was committed before',
    machines: {
      ...PRODUCT,
      stepBatch: (state, event) =>
        event.type === 'caught-up'
          ? stepBatch(state, { ...event, committed: () => undefined })
          : stepBatch(state, event),
    },
    finds: /change 1 is in the log twice/,
    kinds: ['replica-killed'],
    changes: 1,
    proxy: false,
  },
  {
    machine: 'store client',
    name: 'follows a head without reading the commits before it',
    machines: {
      ...PRODUCT,
      *readUpTo(base, goal) {
        if (base.head.revision === 0) return yield* readUpTo(base, goal);
        return { ok: true, state: base, commits: [] };
      },
    },
    finds: /never a mixture: what is applied as revision 2 is not that revision/,
    kinds: [],
    changes: 1,
    proxy: true,
    faults: 0,
  },
];

const publisher: readonly Defect[] = [
  {
    machine: 'publisher',
    name: 'coalesces to the oldest state under the newest position',
    machines: {
      ...PRODUCT,
      stepPublish: (state, event) =>
        event.type === 'offered' && state.waiting !== null
          ? stepPublish(state, { ...event, offer: { ...event.offer, state: state.waiting.state } })
          : stepPublish(state, event),
    },
    finds: /never a mixture: what is applied as revision \d is not that revision/,
    kinds: [],
    changes: 2,
    proxy: true,
    faults: 0,
  },
  {
    machine: 'publisher',
    name: 'forgets what came while a build was waiting',
    machines: {
      ...PRODUCT,
      stepPublish: (state, event) =>
        event.type === 'offered' && state.waiting !== null
          ? { state, effects: [] }
          : stepPublish(state, event),
    },
    finds: /deadlock/,
    kinds: [],
    changes: 2,
    proxy: true,
    faults: 0,
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

const subscription: readonly Defect[] = [
  {
    machine: 'subscription, control plane',
    name: 'does not look at the position of a proxy',
    machines: { ...PRODUCT, stepSubscription: admitsAll },
    finds: /never backwards: revision 1 is sent to a proxy that runs 2/,
    kinds: ['stream-broken'],
    changes: 1,
    proxy: true,
  },
  {
    machine: 'subscription, control plane',
    name: 'sends nothing that was published while a delta was in flight',
    machines: {
      ...PRODUCT,
      stepSubscription: (state, event) =>
        event.type === 'published' && state.inFlight !== null
          ? { state, effects: [] }
          : stepSubscription(state, event),
    },
    finds: /deadlock/,
    kinds: [],
    changes: 2,
    proxy: true,
    faults: 0,
  },
  {
    machine: 'subscription, proxy',
    name: 'fails over without saying what it runs',
    machines: {
      ...PRODUCT,
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
    changes: 1,
    proxy: true,
  },
  {
    machine: 'subscription, proxy',
    name: 'takes an older revision, from a replica that does not look either',
    machines: {
      ...PRODUCT,
      stepSubscription: admitsAll,
      stepProxy: (state, event) => {
        if (event.type !== 'part' || state.current === null) return stepProxy(state, event);
        const step = stepProxy({ ...state, current: older(state.current) }, event);
        return { ...step, state: { ...step.state, current: state.current } };
      },
    },
    finds: /never backwards: worker 1 ran revision 2, and now 1/,
    kinds: ['stream-broken'],
    changes: 1,
    proxy: true,
    trustsSender: true,
  },
  {
    machine: 'subscription, proxy',
    name: 'adds a delta to whatever it has, and does not compare the hash',
    machines: {
      ...PRODUCT,
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
    changes: 1,
    proxy: true,
  },
  {
    machine: 'subscription, proxy',
    name: 'does not notice that its stream is lost',
    machines: {
      ...PRODUCT,
      stepProxy: (state, event) =>
        event.type === 'stream-lost' ? { state, effects: [] } : stepProxy(state, event),
    },
    finds: /deadlock/,
    kinds: ['stream-broken'],
    changes: 1,
    proxy: true,
  },
];

export const DEFECTS: readonly Defect[] = [...storeClient, ...publisher, ...subscription, ...BROKEN_WORKERS];
