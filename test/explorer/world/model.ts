/** The steps of the explored world: what goes on by itself, and what may go wrong. */
import type { Model, Move } from '../explore.ts';
import { type Machines, remembered } from '../machines.ts';
import { answerLook, publishDue, receive, serverEvent } from './distribution.ts';
import { faults } from './faults.ts';
import { connected, disk, newProxy, obey, proxyEvent, startProxy, startWorker } from './proxy.ts';
import { FIRST_COMMIT, FIRST_SNAPSHOT, HOMES, REPLICA_NAMES } from './scenario.ts';
import { ask, FRESH_REPLICA, goOn, headOf, land, readOn } from './store-client.ts';
import {
  type Bounds,
  type Budget,
  replicaAt,
  type UpMessage,
  type DownMessage,
  withReplica,
  withStream,
  type World,
} from './world.ts';

/** A has read revision 1 and published it, B has read nothing, and the proxy starts with revision 1 from its disk. */
export function worldOf(those: Machines, bounds: Bounds): Model<World> {
  const { faults: many, kinds, reports, changes } = bounds;
  const machines = remembered(those);
  const empty: World = {
    broken: null,
    log: [FIRST_COMMIT],
    late: [],
    writes: HOMES.slice(0, changes).map(() => ({ type: 'new' })),
    replicas: [FRESH_REPLICA, FRESH_REPLICA],
    stream: null,
    proxy: newProxy(FIRST_SNAPSHOT),
    ran: [1, 1],
    acknowledged: 1,
    garbled: false,
    budget: { faults: many, kinds, reports },
    bounds,
  };
  let start = publishDue(machines, readOn(machines, empty, 0), 0);
  if (bounds.proxy) start = startProxy(machines, start);
  // Prepare and commit.
  for (const place of [0, 1, 0, 1]) if (bounds.proxy) start = obey(machines, start, place);
  return {
    start,
    steps: (world) => [
      ...clientSteps(machines, world),
      ...REPLICA_NAMES.flatMap((_, index) => replicaSteps(machines, world, index)),
      ...lateSteps(world),
      ...streamSteps(machines, world),
      ...proxySteps(machines, world),
    ],
    faults: (world) => faults(machines, world),
    calm,
    isGoal,
  };
}

const CALM: Budget = { faults: 0, kinds: [], reports: 0 };

function calm(world: World): World {
  const isCut = world.replicas.some(({ cut }) => cut);
  const replicas = isCut ? world.replicas.map((replica) => ({ ...replica, cut: false })) : world.replicas;
  return world.budget === CALM && !isCut ? world : { ...world, replicas, budget: CALM };
}

/** Every client knows what became of its change, and the newest commit runs everywhere. */
function isGoal(world: World): boolean {
  const { log, late, proxy, replicas, writes } = world;
  const head = headOf(world);
  const toldAll = writes.every((status) => status.type === 'told' && status.answer !== 'unknown');
  const current = proxy.state.current?.position.hash === head.hash || refusedAsGarbled(world);
  const running = proxy.workers.every(
    ({ plans }) => plans.running?.snapshot.position.revision === proxy.state.current?.position.revision,
  );
  const known = replicas.every(({ followed }) => followed?.position.revision === log.length);
  const ready = toldAll && known && late.length === 0;
  return ready && (!world.bounds.proxy || (current && running));
}

/** A doubled part makes a delta that is refused, in words; the next commit, or the next stream, mends that. */
function refusedAsGarbled({ garbled, stream, log }: World): boolean {
  return garbled && stream?.server.rejected?.position.revision === log.length;
}

function clientSteps(machines: Machines, world: World): Move<World>[] {
  return world.writes.flatMap((status, write) => {
    if (world.bounds.inTurn && world.writes.slice(0, write).some(({ type }) => type !== 'told')) return [];
    const home = HOMES[write] ?? 0;
    const isRepeat = status.type === 'told' && status.answer === 'unknown';
    if (status.type !== 'new' && !isRepeat) return [];
    const index = isRepeat ? 1 - home : home;
    if (!replicaAt(world, index).up) return [];
    const verb = isRepeat ? 'repeats, of' : 'asks';
    const label = `a client ${verb} control plane ${REPLICA_NAMES[index]}: change ${write + 1}`;
    return [{ label, world: ask(machines, world, write, index) }];
  });
}

function replicaSteps(machines: Machines, world: World, index: number): Move<World>[] {
  const moves: Move<World>[] = [];
  const add = (label: string, next: World) => moves.push({ label, world: next });
  const replica = replicaAt(world, index);
  const name = `control plane ${REPLICA_NAMES[index]}`;
  if (!replica.up) return [{ label: `${name} starts`, world: withReplica(world, index, { up: true }) }];
  if (replica.cut) add(`${name} reaches its store again`, withReplica(world, index, { cut: false }));
  else if (replica.followed?.position.revision !== world.log.length) {
    add(`${name} reads on`, readOn(machines, world, index));
  }
  if (replica.publish.waiting !== null && world.bounds.proxy) {
    add(`${name} publishes what it has read`, publishDue(machines, world, index));
  }
  const { awaits } = replica;
  if (awaits !== null) {
    const what = {
      'catch-up': 'reads the head for its batch',
      append: 'appends',
      answer: 'hears of its append',
    };
    add(`${name} ${what[awaits.type]}`, goOn(machines, world, index));
  }
  return moves;
}

function lateSteps(world: World): Move<World>[] {
  return world.late.flatMap((append, at) => {
    const rest = { ...world, late: world.late.filter((_, other) => other !== at) };
    const lost = { label: 'an append that nobody waits for is lost', world: rest };
    return [{ label: 'an append that nobody waits for arrives', world: land(rest, append).world }, lost];
  });
}

function streamSteps(machines: Machines, world: World): Move<World>[] {
  const { stream } = world;
  if (stream === null) return [];
  const moves: Move<World>[] = [];
  const add = (label: string, next: World) => moves.push({ label, world: next });
  const name = `control plane ${REPLICA_NAMES[stream.replica]}`;
  const [up] = stream.up;
  if (up && !stream.ended) {
    const taken = withStream(world, { up: stream.up.slice(1) });
    add(`${name} receives ${upInWords(up)}`, receive(machines, taken, up));
  }
  const [down] = stream.down;
  if (down) {
    const taken = withStream(world, { down: stream.down.slice(1) });
    const event = down.type === 'part' ? down : { ...down, detail: '' };
    add(`the proxy receives ${downInWords(down)}`, proxyEvent(machines, taken, event));
  } else if (stream.ended) {
    const lost = { ...world, stream: null };
    const event = { type: 'stream-lost', livedMs: 0, reason: 'ended' } as const;
    add('the proxy notices that its stream has ended', proxyEvent(machines, lost, event));
  }
  if (stream.look !== null) {
    add(`${name} reads its store for the proxy`, answerLook(machines, world));
  }
  return [...moves, ...deadlineSteps(machines, world, name)];
}

/** The server's deadlines: where nothing else is under way that could still answer. */
function deadlineSteps(machines: Machines, world: World, name: string): Move<World>[] {
  const { stream, proxy } = world;
  if (stream === null || stream.ended || proxy.apply !== null) return [];
  if (stream.up.length > 0 || stream.down.length > 0) return [];
  const moves: Move<World>[] = [];
  const add = (label: string, next: World) => moves.push({ label, world: next });
  if (stream.server.phase === 'silent') {
    const ended = withStream(world, { ended: true });
    add(`${name} gives up waiting for the first message`, ended);
  }
  if (stream.server.inFlight !== null) {
    const gaveUp = serverEvent(machines, world, { type: 'unanswered' });
    add(`${name} gives up waiting for an answer`, gaveUp);
  }
  return moves;
}

function proxySteps(machines: Machines, world: World): Move<World>[] {
  const { state, apply, workers } = world.proxy;
  const moves: Move<World>[] = [];
  const add = (label: string, next: World) => moves.push({ label, world: next });
  if (state.link.type === 'waiting') {
    add('the proxy has waited', proxyEvent(machines, world, { type: 'waited' }));
  } else if (state.link.type === 'connecting') {
    const { replica: name } = state.link;
    const index = REPLICA_NAMES.findIndex((each) => each === name);
    const isUp = replicaAt(world, index).up;
    const refused = { type: 'stream-lost', livedMs: 0, reason: 'refused' } as const;
    moves.push({
      label: isUp
        ? `the proxy reaches control plane ${name}`
        : `the proxy does not reach control plane ${name}`,
      world: isUp ? connected(machines, world, index) : proxyEvent(machines, world, refused),
    });
  }
  if (state.moving) {
    add('the moment has come for the proxy to move', proxyEvent(machines, world, { type: 'move-due' }));
  }
  if (apply?.steps[0] === 'stage') add('the proxy writes the snapshot down', disk(machines, world));
  if (apply?.steps[0] === 'keep') add('the proxy renames the snapshot', disk(machines, world));
  workers.forEach((worker, place) => {
    if (!worker.started) {
      add(`worker ${place + 1} starts again`, startWorker(machines, world, place));
    } else if (worker.order !== null) {
      const label = `worker ${place + 1} ${worker.order.type}s the plan`;
      moves.push({ label, world: obey(machines, world, place) });
    }
  });
  return moves;
}

function upInWords(message: UpMessage): string {
  if (message.type !== 'subscribe') return `the ${message.type} of ${message.nonce.split('.')[0]}`;
  return `a subscription from revision ${message.position?.revision ?? 'none'}`;
}

function downInWords(message: DownMessage): string {
  if (message.type === 'withheld') return `that nothing is sent: ${message.reason}`;
  const { part } = message;
  return part.end
    ? `the last part of revision ${part.end.position.revision}`
    : `a part of ${part.nonce.split('.')[0]}`;
}
