/** Snapshots made by hand, for tests of whoever receives them. */
import type { Position } from '../core/model/commit.ts';
import { POLICY_DEFAULTS } from '../core/model/defaults.ts';
import { contentHash, snapshotHash } from '../core/model/hash.ts';
import {
  type Backend,
  type BackendState,
  keyOf,
  type Policy,
  type Pool,
  type Resource,
} from '../core/model/resources.ts';
import type { Snapshot, SnapshotEntry } from '../core/model/snapshot.ts';

const defaultPolicy: Resource = { kind: 'policy', value: { name: 'default', ...POLICY_DEFAULTS } };

export function policy(name: string, fields: Partial<Policy> = {}): Resource {
  return { kind: 'policy', value: { name, ...POLICY_DEFAULTS, ...fields } };
}

export function pool(name: string, policyName = 'default', fields: Partial<Pool> = {}): Resource {
  return { kind: 'pool', value: { name, policy: policyName, ...fields } };
}

export function backend(
  poolName: string,
  address: string,
  weight = 1,
  state: BackendState = 'active',
  tier = 0,
  fields: Partial<Backend> = {},
): Resource {
  const value = { pool: poolName, address, weight, state, ...(tier > 0 && { tier }), ...fields };
  return { kind: 'backend', value };
}

export function listener(name: string, address: string, poolName: string): Resource {
  return { kind: 'listener', value: { name, address, pool: poolName } };
}

export function position(revision: number, fields: Partial<Position> = {}): Position {
  return { storeId: 'store', version: revision, revision, hash: `commit-${revision}`, ...fields };
}

export function entry(resource: Resource): SnapshotEntry {
  return { key: keyOf(resource), hash: contentHash(resource), resource };
}

/** `default` is added; nothing is checked. */
export function snapshot(at: Position | number, ...resources: readonly Resource[]): Snapshot {
  const entries = [defaultPolicy, ...resources].map(entry).sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    position: typeof at === 'number' ? position(at) : at,
    hash: snapshotHash(entries),
    entries: new Map(entries.map((each) => [each.key, each])),
  };
}
