/**
 * Which etcd cluster the endpoints of `--store` mean, where one of them belongs to another cluster. Pure.
 *
 * Invariants
 *  - a cluster is chosen by most of the endpoints, or by its store where all have answered and only one has any;
 *  - once chosen, it is left only for a cluster to which every endpoint belongs.
 */

/** What an endpoint said of itself. */
export interface ClusterIdentity {
  readonly clusterId: string;
  /** The first id of the store under our prefix; null: there is none. */
  readonly store: string | null;
  /** HOST:PORT of the members, as the cluster has them for its clients. */
  readonly members: readonly string[];
}

/** One for each endpoint; undefined: it has not answered. */
export type SeenEndpoints = readonly {
  readonly endpoint: string;
  readonly identity: ClusterIdentity | undefined;
}[];

/** cluster_id alone does not tell: it is made of the peer URLs, and two clusters with the default ones have the same. */
export function isSameCluster(a: ClusterIdentity, b: ClusterIdentity): boolean {
  return a.clusterId === b.clusterId && a.store === b.store;
}

/** The chosen cluster, or why there is none yet. */
export function chooseCluster(seen: SeenEndpoints): ClusterIdentity | string {
  const answered = seen.flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
  const most = answered.find((identity) => belonging(seen, identity) * 2 > seen.length);
  if (most !== undefined) return most;
  const silent = seen.filter(({ identity }) => identity === undefined).map(({ endpoint }) => endpoint);
  if (silent.length > 0) {
    return `${silent.join(' and ')} ${silent.length === 1 ? 'does' : 'do'} not answer, and whether the others are the right cluster is not known`;
  }
  const withStore = answered.filter(({ store }) => store !== null);
  const [first] = withStore;
  if (first !== undefined && withStore.every((other) => isSameCluster(other, first))) return first;
  const each = seen.map(({ endpoint, identity }) => `${endpoint} to ${identity?.clusterId}`).join(', ');
  return `its endpoints belong to different etcd clusters (${each}): name endpoints of one cluster only`;
}

/** Whether every endpoint belongs to it; one that is silent, if the cluster names it as a member. */
export function isUnanimous(seen: SeenEndpoints, cluster: ClusterIdentity): boolean {
  return belonging(seen, cluster) === seen.length;
}

function belonging(seen: SeenEndpoints, cluster: ClusterIdentity): number {
  return seen.filter(({ endpoint, identity }) =>
    identity === undefined ? cluster.members.includes(endpoint) : isSameCluster(identity, cluster),
  ).length;
}
