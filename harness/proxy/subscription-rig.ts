/** The subscription machine, driven by hand. */
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { DeltaPart } from '../../data-plane/subscription/delta-part.ts';
import { initialState, step } from '../../data-plane/subscription/subscription-machine.ts';
import type { Effect, Event, State } from '../../data-plane/subscription/subscription-state.ts';
import * as make from '../snapshots.ts';

export const first = make.snapshot(1, make.pool('web'));
export const second = make.snapshot(2, make.pool('web'), make.backend('web', '10.0.0.1:80'));
export const fresh = { position: make.position(1), storeAgeMs: 10, stopping: false };

/** A machine driven by events, which remembers the effects since it was last asked. */
export function machine(replicas: readonly string[] = ['a', 'b'], current: Snapshot | null = null) {
  let state: State = initialState(replicas, current);
  let effects: Effect[] = [];
  const send = (...events: readonly Event[]) => {
    for (const event of events) {
      const next = step(state, event);
      state = next.state;
      effects.push(...next.effects);
    }
    const seen = effects;
    effects = [];
    return seen;
  };
  return { send, state: () => state };
}

export function types(effects: readonly Effect[]): string[] {
  return effects.map(({ type }) => type);
}

export function whole(target: Snapshot, nonce = 'n1'): Event & { type: 'part' } {
  const part: DeltaPart = {
    nonce,
    baseHash: '',
    upserts: [...target.entries.values()],
    removals: [],
    end: { position: target.position, snapshotHash: target.hash, format: 1 },
    violations: [],
  };
  return { type: 'part', part };
}

export const lost: Event = { type: 'stream-lost', livedMs: 0, reason: 'gone' };
export const start: Event = { type: 'start' };
export const connected: Event = { type: 'connected' };
