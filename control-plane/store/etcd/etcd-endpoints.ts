/**
 * The endpoints of `--store`, and which of them belong to the etcd cluster that is meant (cluster-choice.ts).
 *
 * Invariants
 *  - an endpoint is called only once it has said which cluster and which store it has, again after each failure;
 *  - one of another cluster is left out, named in the log once, and asked again before each call that it would get.
 */
import { originOf } from '../../../core/model/store-succession.ts';
import { decodeHead } from '../log/commit-codec.ts';
import { SharedRun } from '../shared-run.ts';
import { chooseCluster, type ClusterIdentity, isSameCluster, isUnanimous } from './cluster-choice.ts';
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
  readonly #choosing = new SharedRun(() => this.#choose());
  #cluster: ClusterIdentity | undefined;
  /** Until when the endpoints are asked; the newest caller's. */
  #deadline = 0;

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

  /** Whether every endpoint belongs to the cluster that is used: otherwise a store that is missing may be elsewhere. */
  isUnanimous(): boolean {
    return this.#cluster !== undefined && isUnanimous(this.#seen(), this.#cluster);
  }

  /** The store was made, so what the endpoints have said of it is over. */
  identifyAgain(): void {
    this.#cluster = undefined;
    for (const place of this.#places) place.identity = undefined;
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
    this.#deadline = deadline;
    if (this.#cluster === undefined) await this.#choosing.start();
    if (this.#cluster !== undefined && !isSameCluster(identity, this.#cluster)) {
      place.identity = undefined;
      identity = await this.#identify(place, deadline);
      const isOurs = isSameCluster(identity, this.#cluster);
      // A cluster that was wiped or restored is another one at every endpoint.
      if (!isOurs && !isUnanimous(this.#seen(), identity)) throw new Error(this.#leaveOut(place, identity));
      if (!isOurs) this.#cluster = identity;
    }
    place.foreign = undefined;
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

  /** Asks every endpoint, until it is clear which cluster is meant. */
  #choose(): Promise<void> {
    return new Promise((resolve, reject) => {
      const judge = (isLast: boolean) => {
        const choice = this.#cluster ?? chooseCluster(this.#seen());
        if (typeof choice === 'string') return isLast ? reject(new Error(choice)) : undefined;
        this.#cluster = choice;
        for (const place of this.#places) {
          if (place.identity !== undefined && !isSameCluster(place.identity, choice))
            this.#leaveOut(place, place.identity);
        }
        return resolve();
      };
      const asked = this.#places.map((place) =>
        this.#identify(place, this.#deadline).then(
          () => judge(false),
          () => undefined,
        ),
      );
      void Promise.all(asked).then(() => judge(true));
    });
  }

  #seen() {
    return this.#places.map(({ endpoint, identity }) => ({ endpoint: endpoint.name, identity }));
  }

  #leaveOut(place: Place, { clusterId, store }: ClusterIdentity): string {
    const endpoint = place.endpoint.name;
    const has = store === null ? 'no store' : `the store ${store}`;
    const words = `the endpoint ${endpoint} belongs to another etcd cluster (${clusterId}, with ${has}) and is left out: remove it from --store`;
    const fields = { endpoint, cluster_id: clusterId, expected_cluster_id: this.#cluster?.clusterId };
    if (place.foreign !== words) this.#logger?.warn(fields, words);
    place.foreign = words;
    return words;
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
