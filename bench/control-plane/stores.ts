/** The stores that a control plane can stand on, empty, and a control plane on one. */
import { connectReplica, type ReplicaClient } from '../../core/wire/clients.ts';
import { EtcdCluster, findEtcd } from '../../harness/programs/etcd.ts';
import { type ControlPlane, startControlPlane } from '../../harness/programs/fleet.ts';
import { type Scope, temporaryFolder } from '../../harness/programs/processes.ts';
import { apply } from '../balancers/equipoise.ts';

export const STORES = ['lmdb', 'etcd'] as const;
export type Store = (typeof STORES)[number];

export const POOL = 'bench';

/** What `--store` wants; null: it is not installed. */
export async function startStore(scope: Scope, store: Store): Promise<string | null> {
  if (store === 'lmdb') return `lmdb:${temporaryFolder(scope)}`;
  const binary = findEtcd();
  if (binary === undefined) return null;
  const cluster = await EtcdCluster.start(binary, { members: 3 });
  scope.after(() => cluster.dispose());
  return `etcd:${cluster.endpoints.join(',')}`;
}

export interface Plane extends ControlPlane {
  readonly client: ReplicaClient;
}

export async function startPlane(scope: Scope, url: string): Promise<Plane> {
  const plane = await startControlPlane(scope, url);
  const client = connectReplica(plane.grpc);
  scope.after(() => client.close());
  return { ...plane, client };
}

/** A pool of so many backends, of which nobody checks the health. Answers their addresses. */
export async function declarePool(client: ReplicaClient, count: number): Promise<readonly string[]> {
  const addresses = Array.from(
    { length: count },
    (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:80`,
  );
  await apply(client, [
    { kind: 'policy', value: { name: POOL, healthCheck: { type: 'none' } } },
    {
      kind: 'pool',
      value: { name: POOL, policy: POOL, backends: addresses.map((address) => ({ address })) },
    },
  ]);
  return addresses;
}
