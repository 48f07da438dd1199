/**
 * Which etcd cluster the endpoints of `--store` mean, where one of them belongs to another cluster. Pure.
 *
 * Invariants
 *  - a cluster is chosen by most of the endpoints, or by its store where all have answered and only one has any;
 *  - one with our store is left only for a cluster to which every endpoint belongs, as after a restore.
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

/** The chosen cluster, or why there is none yet. `before` is the one with our store that was chosen earlier. */
export function chooseCluster(
  seen: SeenEndpoints,
  before: ClusterIdentity | undefined,
): ClusterIdentity | string {
  const answered = seen.flatMap(({ identity }) => identity ?? []);
  if (before !== undefined) {
    const isThere = answered.some((identity) => isSameCluster(identity, before));
    const chosen = isThere ? before : unanimousCluster(seen);
    return (
      chosen ??
      'no endpoint of the etcd cluster that was used until now answers: start it, or, if another one took its place, name the endpoints of that one alone'
    );
  }
  const most = answered.find((identity) => belonging(seen, identity) * 2 > seen.length);
  if (most !== undefined) return most;
  const silent = seen.filter(({ identity }) => identity === undefined).map(({ endpoint }) => endpoint);
  if (silent.length > 0) {
    const [does, it] = silent.length === 1 ? ['does', 'it'] : ['do', 'them'];
    return `${silent.join(' and ')} ${does} not answer, and whether the others are the right cluster is not known: start ${it}, or remove ${it} from --store`;
  }
  const withStore = answered.filter(({ store }) => store !== null);
  const [first] = withStore;
  if (first !== undefined && withStore.every((other) => isSameCluster(other, first))) return first;
  const each = seen.map(({ endpoint, identity }) => `${endpoint} to ${identity?.clusterId}`).join(', ');
  return `its endpoints belong to different etcd clusters (${each}): name endpoints of one cluster only`;
}

/** The cluster to which every endpoint belongs; one that is silent, if the cluster names it as a member. */
export function unanimousCluster(seen: SeenEndpoints): ClusterIdentity | undefined {
  const first = seen.find(({ identity }) => identity !== undefined)?.identity;
  return first !== undefined && belonging(seen, first) === seen.length ? first : undefined;
}

function belonging(seen: SeenEndpoints, cluster: ClusterIdentity): number {
  return seen.filter(({ endpoint, identity }) =>
    identity === undefined ? cluster.members.includes(endpoint) : isSameCluster(identity, cluster),
  ).length;
}
