/** Looks at the store for a proxy that claims a position which this replica can't judge from memory. */
import type { Position } from '../../core/model/commit.ts';
import { genesisHash } from '../../core/model/hash.ts';
import type { ConfigStore } from '../store/config-store.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import type { Look } from './admission.ts';

/** `behind`: the proxy may be ahead of what was read, so the store is read again first. Rejects when it does not answer. */
export async function lookAtStore(
  follower: LogFollower,
  store: ConfigStore,
  claimed: Position,
  behind: boolean,
): Promise<Look | null> {
  const followed = behind ? await follower.catchUp() : follower.current();
  if (followed === null) return null;
  const { position } = followed;
  if (claimed.revision > position.revision) return { replica: position, hashAtRevision: null };
  return {
    replica: position,
    hashAtRevision: await hashAt(follower, store, claimed.revision, position.storeId),
  };
}

async function hashAt(
  follower: LogFollower,
  store: ConfigStore,
  revision: number,
  storeId: string,
): Promise<string | null> {
  if (revision <= 0) return genesisHash(storeId);
  const [remembered] = follower.revisions(1, revision + 1);
  if (remembered?.revision === revision) return remembered.hash;
  const [commit] = await store.read(revision, 1);
  return commit?.revision === revision ? commit.hash : null;
}
