/** Endpoints that are values, to see every cluster that they can lead to, and every order of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EtcdEndpoint } from '../../../../../control-plane/store/etcd/etcd-endpoint.ts';
import { EtcdEndpoints } from '../../../../../control-plane/store/etcd/etcd-endpoints.ts';
import { encodeHead } from '../../../../../control-plane/store/log/commit-codec.ts';

/** What a cluster is: its id, and its store. */
type Cluster = readonly [id: string, store: string | null];
const OURS: Cluster = ['1', 'ours'];
const EMPTY: Cluster = ['1', null];
const RESTORED: Cluster = ['2', 'ours'];
const OTHER: Cluster = ['9', null];
const THEIRS: Cluster = ['9', 'theirs'];

/** `null`: it does not answer. `names`: what the members announce to clients. */
function endpointsOf(clusters: (Cluster | null)[], names: readonly string[] = []) {
  const said: string[] = [];
  const made = clusters.map((_, index) => {
    const answer = () => {
      const cluster = clusters[index] ?? null;
      if (cluster === null) throw new Error(`e${index} is away`);
      return cluster;
    };
    const call = async () => {
      const [cluster_id, storeId] = answer();
      const value = storeId === null ? undefined : encodeHead({ storeId, revision: 0, hash: 'h' });
      return { header: { cluster_id }, kvs: value === undefined ? [] : [{ value }] };
    };
    return { name: `e${index}`, expectCluster: () => undefined, call, members: async () => names };
  });
  const log = { warn: (_fields: object, words: string) => void said.push(words) };
  const endpoints = new EtcdEndpoints(made as unknown as EtcdEndpoint[], Buffer.from('head'), log);
  /** What each endpoint gives: where it was called, or why not. */
  const callEach = async () => {
    const results: string[] = [];
    for (const index of clusters.keys()) {
      const ask = () => endpoints.callAt(index, 0, (endpoint) => endpoint.call(0, async () => 0 as never));
      const done = ask().then(
        () => clusters[index]?.join(' ') ?? '',
        ({ message }: Error) => message,
      );
      results.push(await done);
    }
    return results;
  };
  return { clusters, endpoints, callEach, said };
}

const LEFT_OUT = /belongs to another etcd cluster/;

describe('the endpoints of etcd', () => {
  for (const [what, clusters, names, expected] of [
    ['are all used when they belong to one cluster', [OURS, OURS], [], ['1 ours', '1 ours']],
    ['are chosen by most of them', [THEIRS, OURS, OURS], [], [LEFT_OUT, '1 ours', '1 ours']],
    ['are chosen by the only store', [OTHER, OURS], [], [LEFT_OUT, '1 ours']],
    ['are told by the store where the ids are equal', [EMPTY, OURS], [], [LEFT_OUT, '1 ours']],
    ['are not chosen by two stores', [THEIRS, OURS], [], [/different etcd clusters/, /different/]],
    ['are not chosen while one is silent', [OTHER, null], [], [/e1 does not answer.*remove/, /away/]],
    ['are chosen where a silent one is a member', [OURS, null], ['e1'], ['1 ours', /away/]],
  ] as const) {
    it(what, async () => {
      const results = await endpointsOf([...clusters], names).callEach();
      for (const [index, result] of results.entries())
        assert.match(result, new RegExp(expected[index] ?? ''));
    });
  }

  // Names such as those of a DNS are often not what the members announce.
  for (const [what, before, after] of [
    ['a cluster that is restored as another one', OURS, RESTORED],
    ['a cluster that another replica has given a store', EMPTY, OURS],
    ['a cluster that was wiped', OURS, EMPTY],
  ] as const) {
    it(`follow ${what}, one endpoint after the other`, async () => {
      const { clusters, callEach } = endpointsOf([before, before, before]);
      await callEach();
      for (const index of clusters.keys()) {
        clusters[index] = null;
        await callEach();
        clusters[index] = after;
        await callEach();
      }
      const words = after.join(' ');
      await callEach();
      assert.deepEqual(await callEach(), [words, words, words]);
    });
  }

  it('stay with their cluster while all but one of them lead elsewhere, and name each of those once', async () => {
    const { clusters, endpoints, callEach, said } = endpointsOf([OURS, OURS, OURS]);
    await callEach();
    clusters.fill(null);
    await callEach();
    clusters.splice(0, 3, OURS, THEIRS, THEIRS);
    for (let round = 0; round < 3; round++) {
      const [ours = '', ...others] = await callEach();
      assert.equal(ours, '1 ours');
      for (const words of others) assert.match(words, LEFT_OUT);
    }
    assert.equal(said.length, 2);
    clusters[0] = null;
    await callEach();
    assert.match(endpoints.undecided ?? '', /no endpoint of the etcd cluster that was used until now/);
    assert.equal(endpoints.foreign().length, 2);
    clusters.splice(0, 3, OURS, OURS, OURS);
    await callEach();
    assert.deepEqual([endpoints.undecided, ...endpoints.foreign()], [undefined]);
  });

  it('are one cluster only if every one of them says so, or is a silent member', async () => {
    for (const [clusters, names, isUnanimous] of [
      [[EMPTY, EMPTY], [], true],
      [[EMPTY, OTHER], [], false],
      [[EMPTY, null], [], false],
      [[EMPTY, null], ['e1'], true],
      [[null, null], [], false],
    ] as const)
      assert.equal(await endpointsOf([...clusters], names).endpoints.isUnanimous(0), isUnanimous);
  });
});
