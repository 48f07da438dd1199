/** The proxy: its subscription, what it does with a snapshot, and its workers. */
import { initialState } from '../../../data-plane/subscription/subscription-machine.ts';
import type { Effect, Event } from '../../../data-plane/subscription/subscription-state.ts';
import { NO_WORKERS, type RolloutEvent } from '../../../data-plane/worker/pool/rollout-machine.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { Machines } from '../machines.ts';
import type { ApplyStep } from '../plain-steps.ts';
import { openStream } from './distribution.ts';
import { REPLICA_NAMES, trueSnapshotHash } from './scenario.ts';
import {
  breakIf,
  type Proxy,
  type UpMessage,
  withProxy,
  withStream,
  type WorkerThread,
  type World,
} from './world.ts';

const WORKERS = [0, 1];

function newWorker(number: number): WorkerThread {
  return { number, started: false, plans: { running: null, prepared: null }, order: null };
}

/** A process that has just begun, with `disk` from the one before it. */
export function newProxy(disk: Snapshot): Proxy {
  return {
    state: initialState(REPLICA_NAMES, disk),
    disk,
    staged: null,
    apply: null,
    plans: new Map(),
    rollout: NO_WORKERS,
    workers: WORKERS.map((place) => newWorker(place + 1)),
    workersStarted: WORKERS.length,
  };
}

/** Starts the workers and brings what is on disk to them; then subscribes. */
export function startProxy(machines: Machines, world: World): World {
  const lost = world.proxy.disk.position.revision < world.acknowledged;
  let next = breakIf(world, lost, 'never backwards: a proxy starts with less than it has acknowledged');
  for (const place of WORKERS) next = startWorker(machines, next, place);
  return begin(machines, next, next.proxy.disk, true);
}

export function startWorker(machines: Machines, world: World, place: number): World {
  const worker = workerAt(world, place);
  return rollout(machines, withWorker(world, place, { started: true }), {
    type: 'started',
    worker: worker.number,
  });
}

export function killWorker(machines: Machines, world: World, place: number): World {
  const { workersStarted } = world.proxy;
  const dead = workerAt(world, place);
  const next = withWorker(
    withProxy(world, { workersStarted: workersStarted + 1 }),
    place,
    newWorker(workersStarted + 1),
  );
  return rollout(machines, next, { type: 'gone', worker: dead.number });
}

function workerAt(world: World, place: number): WorkerThread {
  const worker = world.proxy.workers[place];
  if (!worker) throw new RangeError(`there is no worker ${place}`);
  return worker;
}

function withWorker(world: World, place: number, patch: Partial<WorkerThread>): World {
  const workers = world.proxy.workers.map((worker, at) => (at === place ? { ...worker, ...patch } : worker));
  return withProxy(world, { workers });
}

/** The worker does what it was ordered, and says so. */
export function obey(machines: Machines, world: World, place: number): World {
  const { order, plans, number } = workerAt(world, place);
  if (order === null) return world;
  const { sequence } = order;
  if (order.type === 'prepare') {
    const done = withWorker(world, place, { order: null, plans: { ...plans, prepared: order.plan } });
    return rollout(machines, done, { type: 'done', worker: number });
  }
  const swapped = machines.commitPrepared(plans, sequence);
  // It does not answer then, and is ended for being late.
  if (swapped === null) {
    const deaf = withWorker(world, place, { order: null });
    return breakIf(deaf, true, `worker ${place + 1} is to run a plan that it has not prepared`);
  }
  const { revision } = swapped.running.snapshot.position;
  const before = world.ran[place] ?? 0;
  const ran = world.ran.map((highest, at) => (at === place ? Math.max(highest, revision) : highest));
  const words = `never backwards: worker ${place + 1} ran revision ${before}, and now ${revision}`;
  const next = withWorker({ ...world, ran }, place, { order: null, plans: swapped });
  return rollout(machines, breakIf(next, revision < before, words), { type: 'done', worker: number });
}

function rollout(machines: Machines, world: World, event: RolloutEvent): World {
  const { state, effects } = machines.stepRollout(world.proxy.rollout, event);
  let next = withProxy(world, { rollout: state });
  for (const effect of effects) {
    if (effect.type === 'counts') continue;
    if (effect.type === 'applied') {
      const plans = new Map([...next.proxy.plans].filter(([sequence]) => sequence === effect.sequence));
      next = applied(machines, withProxy(next, { plans }), 'run');
      continue;
    }
    const { type, sequence } = effect;
    const place = next.proxy.workers.findIndex(({ number }) => number === effect.worker);
    const snapshot = type === 'prepare' ? next.proxy.plans.get(sequence) : undefined;
    next = breakIf(next, type === 'prepare' && !snapshot, `a plan that is forgotten is to be prepared`);
    const plan = snapshot ? { sequence, snapshot } : null;
    if (place >= 0) next = withWorker(next, place, { order: { type, plan, sequence } });
  }
  return next;
}

function begin(machines: Machines, world: World, snapshot: Snapshot, fromDisk: boolean): World {
  const { revision, hash } = snapshot.position;
  const isTrue =
    world.log[revision - 1]?.hash === hash &&
    trueSnapshotHash(world.log.slice(0, revision)) === snapshot.hash;
  const next = breakIf(
    world,
    !isTrue,
    `never a mixture: what is applied as revision ${revision} is not that revision`,
  );
  // Numbers are used again, so that what comes back is the same world; two that follow each other differ.
  const running = next.proxy.rollout.plan;
  const sequence = running === 2 * revision ? 2 * revision + 1 : 2 * revision;
  const steps = machines.applySteps(fromDisk);
  return startStep(machines, withProxy(next, { apply: { steps, fromDisk, snapshot, sequence } }));
}

/** The disk does what it was asked. */
export function disk(machines: Machines, world: World): World {
  const { apply, disk: kept, staged } = world.proxy;
  if (apply?.steps[0] === 'stage') {
    return applied(machines, withProxy(world, { staged: apply.snapshot }), 'stage');
  }
  return applied(machines, withProxy(world, { disk: staged ?? kept, staged: null }), 'keep');
}

/** A step of bringing a snapshot to disk and workers is over: on to the next. */
function applied(machines: Machines, world: World, step: ApplyStep): World {
  const { apply } = world.proxy;
  if (apply?.steps[0] !== step) return world;
  return startStep(machines, withProxy(world, { apply: { ...apply, steps: apply.steps.slice(1) } }));
}

function startStep(machines: Machines, world: World): World {
  const { apply, plans } = world.proxy;
  if (apply === null) return world;
  const { fromDisk, sequence, snapshot, steps } = apply;
  if (steps.length === 0) {
    const next = withProxy(world, { apply: null });
    return proxyEvent(machines, next, fromDisk ? { type: 'start' } : { type: 'applied', snapshot });
  }
  if (steps[0] !== 'run') return world;
  const next = withProxy(world, { plans: new Map(plans).set(sequence, snapshot) });
  return rollout(machines, next, { type: 'apply', sequence });
}

export function proxyEvent(machines: Machines, world: World, event: Event): World {
  const { state, effects } = machines.stepProxy(world.proxy.state, event);
  const before = world.proxy.state.current?.position.revision ?? 0;
  const after = state.current?.position.revision ?? 0;
  // The count only matters beyond the first round in which replica of a round it stands for.
  const failures = state.failures > 3 ? state.failures - 2 : state.failures;
  let next = withProxy(world, { state: { ...state, failures } });
  next = breakIf(next, after < before, `never backwards: the proxy goes from revision ${before} to ${after}`);
  for (const effect of effects) next = perform(machines, next, effect);
  return next;
}

function perform(machines: Machines, world: World, effect: Effect): World {
  switch (effect.type) {
    case 'subscribe':
      return say(world, { type: 'subscribe', position: effect.position, hash: effect.snapshotHash });
    case 'disconnect':
      return { ...world, stream: null };
    case 'apply':
      return begin(machines, world, effect.snapshot, false);
    case 'acknowledge':
      return say(acknowledge(world), { type: 'ack', nonce: effect.nonce });
    case 'reject':
      return effect.nonce === null ? world : say(world, { type: 'nack', nonce: effect.nonce });
    case 'connect':
    case 'confirmed':
    case 'wait':
    case 'move-soon':
    // No disk of this world is full.
    case 'try-again':
    case 'log':
      return world;
  }
}

/** What an Ack promises: every worker that counts runs it, and the next process starts with it. */
function acknowledge(world: World): World {
  const { state, workers, rollout: progress, disk: kept } = world.proxy;
  const revision = state.current?.position.revision ?? 0;
  const counting = workers.filter(({ number }) => progress.workers.get(number)?.counts);
  const behind = counting.some(({ plans }) => plans.running?.snapshot.position.revision !== revision);
  let next = breakIf(
    world,
    behind,
    `never a mixture: revision ${revision} is acknowledged, and a worker does not run it`,
  );
  next = breakIf(
    next,
    kept.position.revision < revision,
    `never backwards: revision ${revision} is acknowledged, and the next process would start with ${kept.position.revision}`,
  );
  return { ...next, acknowledged: Math.max(next.acknowledged, revision) };
}

function say(world: World, message: UpMessage): World {
  const { stream } = world;
  if (stream === null || stream.ended) return world;
  return withStream(world, { up: [...stream.up, message] });
}

/** The replica that the proxy dials answers. */
export function connected(machines: Machines, world: World, index: number): World {
  return proxyEvent(machines, openStream(machines, world, index), { type: 'connected' });
}

/** The process is gone, and the next one starts. */
export function restartProxy(machines: Machines, world: World): World {
  const { proxy } = world;
  return startProxy(machines, { ...world, stream: null, proxy: newProxy(proxy.disk) });
}
