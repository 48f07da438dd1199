/**
 * The endpoints of `--store`, and which of them belong to the etcd cluster that is meant (cluster-choice.ts).
 *
 * Invariants
 *  - an endpoint is called only once it has said which cluster and which store it has, again after each failure;
 *  - when one says something new, all are asked again before a cluster is chosen: what they said earlier may be over;
 *  - one of another cluster is left out, named in the log once, and asked again before each call that it would get.
 */
import { originOf } from '../../../core/model/store-succession.ts';
import { decodeHead } from '../log/commit-codec.ts';
import { chooseCluster, type ClusterIdentity, isSameCluster, unanimousCluster } from './cluster-choice.ts';
import type { EtcdEndpoint } from './etcd-endpoint.ts';

export interface ForeignLog {
  warn(fields: object, message: string): void;
}

interface Place {
  readonly endpoint: EtcdEndpoint;
  /** Undefined until it has said so, and again after a failure. */
  identity: ClusterIdentity | undefined;
  /** Why it is left out, as it was logged; undefined: it is not. */
  foreign: string | undefined;
}

export class EtcdEndpoints {
  readonly #places: readonly Place[];
  readonly #headKey: Buffer;
  readonly #logger: ForeignLog | undefined;
  /** The choice that is under way, which all callers share. */
  #choosing: Promise<void> | undefined;
  #cluster: ClusterIdentity | undefined;
  /** Why no cluster could be chosen the last time. */
  #undecided: string | undefined;

  constructor(endpoints: readonly EtcdEndpoint[], headKey: Buffer, logger?: ForeignLog) {
    this.#places = endpoints.map((endpoint) => ({ endpoint, identity: undefined, foreign: undefined }));
    this.#headKey = headKey;
    this.#logger = logger;
  }

  get count(): number {
    return this.#places.length;
  }

  /** Calls an endpoint if it belongs to our cluster. */
  async callAt<T>(index: number, deadline: number, call: (endpoint: EtcdEndpoint) => Promise<T>): Promise<T> {
    const place = this.#places[index] as Place;
    try {
      await this.#admit(place, deadline);
      return await call(place.endpoint);
    } catch (error) {
      place.identity = undefined;
      throw error;
    }
  }

  /** Whether every endpoint belongs to one cluster: otherwise a store that is missing may be elsewhere. Asks all of them. */
  async isUnanimous(deadline: number): Promise<boolean> {
    await Promise.all(this.#askAll(deadline));
    return unanimousCluster(this.#seen()) !== undefined;
  }

  /** Why no cluster is chosen now, if that is so. */
  get undecided(): string | undefined {
    return this.#undecided;
  }

  /** In words: every endpoint that is left out. */
  foreign(): readonly string[] {
    return this.#places.flatMap((place) => place.foreign ?? []);
  }

  close(): void {
    for (const { endpoint } of this.#places) endpoint.close();
  }

  async #admit(place: Place, deadline: number): Promise<void> {
    let identity = await this.#identify(place, deadline);
    const chosen = this.#chosen();
    if (chosen === undefined || !isSameCluster(identity, chosen)) {
      this.#choosing ??= this.#choose(deadline).finally(() => {
        this.#choosing = undefined;
      });
      await this.#choosing;
      identity = await this.#identify(place, deadline);
    }
    this.#judge(place, identity);
    if (place.foreign !== undefined) throw new Error(place.foreign);
    this.#undecided = undefined;
  }

  /** Undefined before the first choice, and while it has no store: one may be made at any moment. */
  #chosen(): ClusterIdentity | undefined {
    return this.#cluster?.store === null ? undefined : this.#cluster;
  }

  async #identify(place: Place, deadline: number): Promise<ClusterIdentity> {
    if (place.identity !== undefined) return place.identity;
    const { endpoint } = place;
    endpoint.expectCluster(undefined);
    const [{ header, kvs }, members] = await Promise.all([
      endpoint.call(deadline, ({ kv }) => kv.range({ key: this.#headKey })),
      this.count > 1 ? endpoint.members(deadline).catch(() => []) : [],
    ]);
    const clusterId = header.cluster_id;
    endpoint.expectCluster(clusterId);
    place.identity = { clusterId, store: storeIn(kvs[0]?.value), members };
    return place.identity;
  }

  /** Each ends when the endpoint has answered or failed. */
  #askAll(deadline: number): Promise<unknown>[] {
    return this.#places.map((place) => {
      place.identity = undefined;
      return this.#identify(place, deadline).catch(() => undefined);
    });
  }

  /** Asks every endpoint, until it is clear which cluster is meant. */
  async #choose(deadline: number): Promise<void> {
    const before = this.#chosen();
    const asked = this.#askAll(deadline);
    const all = Promise.all(asked);
    const choice = await new Promise<ClusterIdentity | string>((resolve) => {
      const judge = () => {
        const early = chooseCluster(this.#seen(), before);
        if (typeof early !== 'string') resolve(early);
      };
      for (const one of asked) void one.then(judge);
      void all.then(() => resolve(chooseCluster(this.#seen(), before)));
    });
    if (typeof choice !== 'string') this.#cluster = choice;
    this.#undecided = typeof choice === 'string' ? choice : undefined;
    const named = all.then(() => {
      for (const place of this.#places) this.#judge(place, place.identity);
    });
    if (typeof choice !== 'string') return;
    await named;
    throw new Error(choice);
  }

  #seen() {
    return this.#places.map(({ endpoint, identity }) => ({ endpoint: endpoint.name, identity }));
  }

  /** Whether it is left out, by what it has said. */
  #judge(place: Place, identity: ClusterIdentity | undefined): void {
    if (identity === undefined || this.#cluster === undefined) return;
    const { endpoint, foreign } = place;
    place.foreign = undefined;
    if (isSameCluster(identity, this.#cluster)) return;
    const { clusterId, store } = identity;
    const has = store === null ? 'no store' : `the store ${store}`;
    place.foreign = `the endpoint ${endpoint.name} belongs to another etcd cluster (${clusterId}, with ${has}) and is left out: remove it from --store`;
    const fields = {
      endpoint: endpoint.name,
      cluster_id: clusterId,
      expected_cluster_id: this.#cluster.clusterId,
    };
    if (place.foreign !== foreign) this.#logger?.warn(fields, place.foreign);
  }
}

function storeIn(value: Buffer | undefined): string | null {
  if (value === undefined) return null;
  try {
    return originOf(decodeHead(value, ''));
  } catch {
    // Who reads the head says what is wrong with it.
    return String(value);
  }
}
