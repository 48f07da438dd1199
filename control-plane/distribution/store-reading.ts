/** Reads the store to judge a proxy's position when memory is not enough (admission.ts). */
import type { Position } from '../../core/model/commit.ts';
import { genesisHash } from '../../core/model/hash.ts';
import type { ConfigStore } from '../store/config-store.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import type { StoreReading } from './admission.ts';

/** `proxyAhead`: the proxy may have a newer revision than was read, so read the store again. Rejects if it does not answer. */
export async function readStoreFor(
  follower: LogFollower,
  store: ConfigStore,
  claimed: Position,
  proxyAhead: boolean,
): Promise<StoreReading | null> {
  const followed = proxyAhead ? await follower.catchUp() : follower.current();
  if (followed === null) return null;
  const { position } = followed;
  const isInStore = claimed.revision <= position.revision;
  const hashAtRevision = isInStore ? await hashAt(follower, store, claimed.revision, position.storeId) : null;
  return { replica: position, hashAtRevision };
}

async function hashAt(
  follower: LogFollower,
  store: ConfigStore,
  revision: number,
  storeId: string,
): Promise<string | null> {
  if (revision <= 0) return genesisHash(storeId);
  const known = follower.revision(revision);
  if (known !== undefined) return known.hash;
  const [commit] = await store.read(revision, 1);
  return commit?.revision === revision ? commit.hash : null;
}
