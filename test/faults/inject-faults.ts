/** Performs a fault script on a fleet. */
import { pause } from '../../harness/engine/tcp.ts';
import type { Fleet } from './fleet.ts';
import { nowMs } from './monotonic-time.ts';
import type { Fault } from './script.ts';

/** Resolves with the time at which the last fault ended. Times of the script count from `zeroMs`. */
export async function injectFaults(fleet: Fleet, script: readonly Fault[], zeroMs: number): Promise<number> {
  const ends = await Promise.all(
    script.map(async (fault) => {
      await pause(zeroMs + fault.atMs - nowMs());
      await Promise.all(fault.targets.map((target) => begin(fleet, fault, target)));
      await pause(fault.forMs);
      for (const target of fault.targets) end(fleet, fault, target);
      return nowMs();
    }),
  );
  return Math.max(nowMs(), ...ends);
}

async function begin(fleet: Fleet, { what }: Fault, target: string): Promise<void> {
  if (what === 'kill') await named(fleet.actors, target).kill();
  else if (what === 'stop') named(fleet.actors, target).stop();
  else named(fleet.links, target).set(what);
}

function end(fleet: Fleet, { what }: Fault, target: string): void {
  if (what === 'kill') named(fleet.actors, target).revive();
  else if (what === 'stop') named(fleet.actors, target).goOn();
  else named(fleet.links, target).set(null);
}

function named<T>(all: ReadonlyMap<string, T>, name: string): T {
  const found = all.get(name);
  if (found === undefined) throw new RangeError(`nothing is called ${name}`);
  return found;
}
