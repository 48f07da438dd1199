/** What a replica does for the proxies: publishes, and serves the one stream that there is. */
import { delta, splitDelta } from '../../../control-plane/distribution/delta.ts';
import type {
  SubscriptionEvent,
  WithheldReason,
} from '../../../control-plane/distribution/subscription-machine.ts';
import { FORMAT } from '../../../core/model/commit.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { Machines } from '../machines.ts';
import { readOn } from './store-client.ts';
import {
  breakIf,
  type DownMessage,
  replicaAt,
  type Stream,
  type UpMessage,
  withReplica,
  withStream,
  type World,
} from './world.ts';

/** So that the two backends of a change travel in two messages. */
const PART_BYTES = 400;

const REASONS: Readonly<Record<WithheldReason, (DownMessage & { type: 'withheld' })['reason']>> = {
  REASON_REPLICA_BEHIND: 'replica_behind',
  REASON_STORE_MISMATCH: 'store_mismatch',
  REASON_NOT_READY: 'not_ready',
};

export function publishDue(machines: Machines, world: World, index: number): World {
  const { publish } = replicaAt(world, index);
  const { state, effects } = machines.stepPublish(publish, { type: 'due' });
  let next = withReplica(world, index, { publish: state });
  for (const effect of effects) {
    if (effect.type !== 'publish') continue;
    const older = (publish.newest?.position.revision ?? -1) > effect.snapshot.position.revision;
    next = breakIf(next, older, 'never backwards: a replica publishes an older revision');
    next = tellStream(machines, next, index, effect.snapshot);
  }
  return next;
}

function tellStream(machines: Machines, world: World, index: number, snapshot: Snapshot): World {
  if (world.stream?.replica !== index) return world;
  return serverEvent(machines, world, { type: 'published', snapshot });
}

export function openStream(machines: Machines, world: World, index: number): World {
  const server = machines.openSubscription(replicaAt(world, index).publish.newest);
  const stream: Stream = { replica: index, server, up: [], down: [], ended: false, look: null };
  return { ...world, stream };
}

export function receive(machines: Machines, world: World, message: UpMessage): World {
  if (world.stream === null) return world;
  const { type } = message;
  if (type === 'ack') return serverEvent(machines, world, message);
  if (type === 'nack') return serverEvent(machines, world, { ...message, violations: [] });
  const { recent } = replicaAt(world, world.stream.replica).publish;
  const { position, hash } = message;
  const base = recent.find((snapshot) => snapshot.hash === hash) ?? null;
  const rest = { proxyId: 'proxy', format: FORMAT, position, snapshotHash: hash, base };
  return serverEvent(machines, world, { type, ...rest });
}

/** The server reads its store to judge the position of the proxy. */
export function answerLook(machines: Machines, world: World): World {
  const { stream } = world;
  if (stream === null || stream.look === null) return world;
  const { claimed, proxyAhead } = stream.look;
  const waiting = withStream(world, { look: null });
  const { cut } = replicaAt(world, stream.replica);
  if (cut && proxyAhead) return serverEvent(machines, waiting, { type: 'store-read', reading: null });
  const read = proxyAhead ? readOn(machines, waiting, stream.replica) : waiting;
  const { followed, history } = replicaAt(read, stream.replica);
  const replica = followed?.position;
  if (!replica) return serverEvent(machines, read, { type: 'store-read', reading: null });
  const hashAtRevision = history[claimed.revision - 1]?.hash ?? null;
  return serverEvent(machines, read, { type: 'store-read', reading: { replica, hashAtRevision } });
}

export function serverEvent(machines: Machines, world: World, event: SubscriptionEvent): World {
  if (world.stream === null) return world;
  const { state, effects } = machines.stepSubscription(world.stream.server, event);
  let next = withStream(world, { server: state });
  for (const effect of effects) {
    switch (effect.type) {
      case 'send': {
        const has = next.proxy.state.current?.position.revision ?? 0;
        const { revision } = effect.target.position;
        next = breakIf(
          next,
          revision < has && world.bounds.trustsSender !== true,
          `never backwards: revision ${revision} is sent to a proxy that runs ${has}`,
        );
        next = send(next, partsOf(effect.base, effect.target, effect.nonce));
        break;
      }
      case 'withhold':
        next = send(next, [{ type: 'withheld', reason: REASONS[effect.reason] }]);
        break;
      case 'read-store':
        next = withStream(next, { look: effect });
        break;
      case 'end':
        next = withStream(next, { ended: true, up: [], look: null });
        break;
      case 'rejected':
        break;
    }
  }
  return next;
}

function send(world: World, messages: readonly DownMessage[]): World {
  const { stream } = world;
  if (stream === null || stream.ended) return world;
  return withStream(world, { down: [...stream.down, ...messages] });
}

function partsOf(base: Snapshot | null, target: Snapshot, nonce: string): DownMessage[] {
  return splitDelta(delta(base, target), PART_BYTES).map(({ end, ...part }) => ({
    type: 'part',
    part: { ...part, nonce, end: end && { ...end, format: FORMAT }, violations: [] },
  }));
}
