/** Connecting to a replica, giving up as soon as it is clear that it fails: the next one may answer. */
import { connectivityState } from '@grpc/grpc-js';
import type { Clock } from '../../core/runtime/clock.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** Null once connected; otherwise why not, in words. */
export function reachReplica(client: ReplicaClient, clock: Clock): Promise<string | null> {
  const channel = client.discovery.getChannel();
  const deadline = clock.wallMs() + CONNECT_TIMEOUT_MS;
  return new Promise((resolve) => {
    const look = (late?: Error) => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return resolve(null);
      // The channel goes on trying by itself; it is looked at again when this replica's turn comes.
      if (state === connectivityState.TRANSIENT_FAILURE) return resolve('no connection can be made');
      if (late) return resolve(`no connection within ${CONNECT_TIMEOUT_MS / 1_000} s`);
      if (state === connectivityState.SHUTDOWN) return resolve('this proxy is stopping');
      channel.watchConnectivityState(state, deadline, look);
    };
    look();
  });
}
