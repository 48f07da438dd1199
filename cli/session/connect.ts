/** Waits for a connection until it is made, is refused, or takes too long. */
import { connectivityState } from '@grpc/grpc-js';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import type { Clock } from '../../core/runtime/clock.ts';

/** `failing`: refused or broken, and a call would say why. `silent`: no answer within the time. */
export type Reach = 'ready' | 'failing' | 'silent';

export function reach(client: ReplicaClient, withinMs: number, clock: Clock): Promise<Reach> {
  const channel = client.config.getChannel();
  const deadline = clock.wallMs() + withinMs;
  return new Promise((resolve) => {
    const check = () => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return resolve('ready');
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) {
        return resolve('failing');
      }
      return channel.watchConnectivityState(state, deadline, (error) =>
        error ? resolve('silent') : check(),
      );
    };
    check();
  });
}
