/** The log of the store, read from etcd itself, and the configuration at each of its revisions. */
import { decodeCommit, decodeHead } from '../../../control-plane/store/log/commit-codec.ts';
import { ETCD_PREFIX, HEAD_KEY, logKey } from '../../../control-plane/store/keys.ts';
import type { Commit, Head } from '../../../core/model/commit.ts';
import { applyCommit, emptyState } from '../../../core/model/fold.ts';
import type { State } from '../../../core/model/state.ts';
import type { Configuration } from './configuration-model.ts';
import type { PlainPool } from './operation.ts';
import { base64, post } from './member-history.ts';

export interface StoreLog {
  readonly head: Head;
  readonly commits: readonly Commit[];
  /** By revision, 0 first. */
  readonly states: readonly State[];
}

interface Found {
  readonly kvs?: readonly { readonly value: string }[];
}

/** Linearizable, from one member. */
export async function readStoreLog(member: string): Promise<StoreLog> {
  const found = await range(member, `${ETCD_PREFIX}${HEAD_KEY}`);
  const head = decodeHead(found[0] ?? Buffer.alloc(0), 'the head');
  const from = `${ETCD_PREFIX}${logKey(1)}`;
  const values = await range(member, from, `${ETCD_PREFIX}${logKey(Number.MAX_SAFE_INTEGER)}`);
  const commits = values.map((value) => decodeCommit(value, 'the log'));
  const states = [emptyState(head.storeId)];
  for (const commit of commits) states.push(applyCommit(states.at(-1) as State, commit));
  return { head, commits, states };
}

async function range(member: string, key: string, end?: string): Promise<readonly Buffer[]> {
  const request = { key: base64(key), ...(end !== undefined && { range_end: base64(end) }) };
  const { kvs = [] } = (await (await post(member, 'kv/range', request)).json()) as Found;
  return kvs.map(({ value }) => Buffer.from(value, 'base64'));
}

/** A state in the words of the checker, without the policies that nobody changes. */
export function configurationOf(state: State): Omit<Configuration, 'made'> {
  const pools = [...state.pools].map(([name, { revision, backends }]): [string, PlainPool] => {
    const plain = [...backends].map(
      ([address, { value }]) => [address, { weight: value.weight, state: value.state }] as const,
    );
    return [name, { revision, backends: Object.fromEntries(plain) }];
  });
  const declared = [...state.policies].filter(([, { revision }]) => revision > 0);
  return {
    revision: state.head.revision,
    pools: Object.fromEntries(pools),
    strategies: Object.fromEntries(declared.map(([name, { value }]) => [name, value.strategy])),
  };
}
