/** What all reading methods share. */
import { didYouMean } from '../../core/model/did-you-mean.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { UnaryCall } from '../rpc/unary.ts';
import type { LogFollower, BarrierRead } from '../store/log/log-follower.ts';

/** The state with everything acknowledged before this call; the answer is marked stale when the store does not answer. */
export async function readState(call: UnaryCall, follower: LogFollower): Promise<BarrierRead> {
  const read = await follower.readBarrier();
  if (read.stale) call.markStale();
  return read;
}

/** The stored resource of that name. Throws NOT_FOUND, which suggests the nearest name. */
export function findResource<T>(kind: string, stored: ReadonlyMap<string, T>, name: string): T {
  const found = stored.get(name);
  if (found !== undefined) return found;
  throw new LbError('NOT_FOUND', `There is no ${kind} "${name}"${didYouMean(name, stored.keys())}.`);
}
