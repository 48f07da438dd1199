/** Performs a fault script on a fleet. */
import { pause } from '../../harness/engine/tcp.ts';
import type { Actor } from './actor.ts';
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
  if (what === 'kill') await actorOf(fleet, target).kill();
  else if (what === 'stop') actorOf(fleet, target).stop();
  else linkOf(fleet, target).set(what);
}

function end(fleet: Fleet, { what }: Fault, target: string): void {
  if (what === 'kill') actorOf(fleet, target).revive();
  else if (what === 'stop') actorOf(fleet, target).goOn();
  else linkOf(fleet, target).set(null);
}

function actorOf({ actors }: Fleet, name: string): Actor {
  const actor = actors.get(name);
  if (actor === undefined) throw new RangeError(`no process is called ${name}`);
  return actor;
}

function linkOf({ links }: Fleet, name: string) {
  const link = links.get(name);
  if (link === undefined) throw new RangeError(`no link is called ${name}`);
  return link;
}
