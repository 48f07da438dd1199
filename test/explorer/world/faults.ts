/** What may go wrong in the explored world, each within the budget. */
import type { Move } from '../explore.ts';
import type { Machines } from '../machines.ts';
import { killWorker, proxyEvent, restartProxy } from './proxy.ts';
import { REPLICA_NAMES } from './scenario.ts';
import { expire, goOn, killReplica, unanswered } from './store-client.ts';
import {
  type Budget,
  type Fault,
  replicaAt,
  type Stream,
  withReplica,
  withStream,
  type World,
} from './world.ts';

export function faults(machines: Machines, world: World): readonly Move<World>[] {
  const moves: Move<World>[] = reports(machines, world);
  const { budget } = world;
  if (budget.faults === 0) return moves;
  const spent = { ...world, budget: lessOne(budget) };
  const add = (kind: Fault, label: string, make: () => World) => {
    if (budget.kinds.includes(kind)) moves.push({ label: `FAULT: ${label}`, world: make() });
  };
  REPLICA_NAMES.forEach((name, index) => replicaFaults(machines, spent, index, name, add));
  world.writes.forEach((status, write) => {
    if (status.type !== 'asked') return;
    add('deadline', `the deadline of change ${write + 1} passes`, () =>
      expire(machines, spent, write, status.replica),
    );
  });
  if (!world.bounds.proxy) return moves;
  if (world.stream !== null) streamFaults(spent, world.stream, add);
  add('proxy-killed', 'the proxy is killed and starts again', () => restartProxy(machines, spent));
  world.proxy.workers.forEach(({ started }, place) => {
    if (started) add('worker-killed', `worker ${place + 1} dies`, () => killWorker(machines, spent, place));
  });
  return moves;
}

const smaller = new WeakMap<Budget, Budget>();

/** The same object every time, which saves looking into it. */
function lessOne(budget: Budget): Budget {
  let less = smaller.get(budget);
  if (less === undefined) {
    less = { ...budget, faults: budget.faults - 1 };
    smaller.set(budget, less);
  }
  return less;
}

type Add = (kind: Fault, label: string, make: () => World) => void;

function replicaFaults(machines: Machines, world: World, index: number, name: string, add: Add): void {
  const { up, cut, awaits } = replicaAt(world, index);
  if (!up) return;
  add('replica-killed', `control plane ${name} is killed`, () =>
    endStreamOf(killReplica(world, index), index),
  );
  if (cut) return;
  add('cut', `control plane ${name} is cut from the store`, () => withReplica(world, index, { cut: true }));
  if (awaits?.type === 'answer') {
    add('append-unknown', `control plane ${name} does not hear of its append`, () =>
      unanswered(machines, world, index),
    );
  }
  if (awaits?.type !== 'append') return;
  const { append } = awaits;
  const delayed = { ...world, late: [...world.late, append] };
  add('append-unknown', `control plane ${name} gives up on an append that is under way`, () =>
    unanswered(machines, delayed, index),
  );
  add('append-doubled', `control plane ${name} appends, and the request is doubled`, () =>
    goOn(machines, delayed, index),
  );
}

function endStreamOf(world: World, index: number): World {
  return world.stream?.replica === index ? withStream(world, { ended: true, up: [], look: null }) : world;
}

function streamFaults(world: World, { up, down, ended }: Stream, add: Add): void {
  if (!ended) {
    add('stream-broken', 'the stream breaks, with all that is under way', () =>
      withStream(world, { ended: true, up: [], down: [], look: null }),
    );
  }
  const [firstUp] = up;
  const [firstDown] = down;
  if (firstUp) {
    add('message-lost', `the ${firstUp.type} of the proxy is lost`, () =>
      withStream(world, { up: up.slice(1) }),
    );
    add('message-doubled', `the ${firstUp.type} of the proxy is doubled`, () =>
      withStream(world, { up: [firstUp, ...up] }),
    );
  }
  if (firstDown) {
    const what = firstDown.type === 'part' ? 'a part of a delta' : 'the word that nothing is sent';
    const garbled = world.garbled || firstDown.type === 'part';
    add('message-lost', `${what} is lost`, () => withStream({ ...world, garbled }, { down: down.slice(1) }));
    add('message-doubled', `${what} is doubled`, () =>
      withStream({ ...world, garbled }, { down: [firstDown, ...down] }),
    );
  }
}

/** What a replica says of itself, on the report stream. */
function reports(machines: Machines, world: World): Move<World>[] {
  const { budget } = world;
  if (budget.reports === 0) return [];
  const spent = { ...world, budget: { ...budget, reports: budget.reports - 1 } };
  return REPLICA_NAMES.map((replica, index) => {
    const { up, cut, followed } = replicaAt(world, index);
    const position = followed?.position ?? null;
    const view = up ? { position, storeAgeMs: cut ? 60_000 : 0, stopping: false } : null;
    const says = view === null ? 'is gone' : cut ? 'has not heard from its store' : 'is fresh';
    return {
      label: `a report says that control plane ${replica} ${says}`,
      world: proxyEvent(machines, spent, { type: 'replica-reported', replica, view }),
    };
  });
}
