/** A proxy reduced to its subscription: it takes every snapshot whole, checks it, and acknowledges. */
import { systemClock } from '../../core/runtime/clock.ts';
import { silentLogger } from '../../core/runtime/logger.ts';
import { systemRandom } from '../../core/runtime/random.ts';
import { connectReplica } from '../../core/wire/clients.ts';
import { Subscription } from '../../data-plane/subscription/subscription.ts';
import type { Scope } from '../../harness/programs/processes.ts';

export interface Subscriber {
  /** Resolves once it has that revision or a later one. */
  reached(revision: number): Promise<void>;
}

/** `address` is HOST:PORT of a control plane. */
export function startSubscriber(scope: Scope, proxyId: string, address: string): Subscriber {
  let running = 0;
  const waiting = new Set<{ readonly revision: number; readonly wake: () => void }>();
  const client = connectReplica(address);
  const subscription = new Subscription({
    proxyId,
    replicas: [client],
    current: null,
    async apply({ position }) {
      running = position.revision;
      for (const each of waiting) {
        if (each.revision > running) continue;
        waiting.delete(each);
        each.wake();
      }
      return [];
    },
    onRejected: (_position, violations) => {
      throw new Error(`refused a snapshot: ${JSON.stringify(violations)}`);
    },
    onConfirmed: () => undefined,
    onAllFailed: () => undefined,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  subscription.start();
  scope.after(() => {
    subscription.stop();
    client.close();
  });
  return {
    reached: (revision) =>
      new Promise((wake) => {
        if (running >= revision) wake();
        else waiting.add({ revision, wake });
      }),
  };
}
