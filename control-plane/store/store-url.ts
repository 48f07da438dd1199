/** The `--store` flag: `lmdb:DIR` or `etcd:HOST:PORT[,HOST:PORT...]`. */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { Random } from '../../core/runtime/random.ts';
import type { ConfigStore } from './config-store.ts';
import type { EtcdAccess } from './etcd/etcd-flags.ts';
import { EtcdClient } from './etcd/etcd-client.ts';
import { EtcdMemberStore } from './etcd/etcd-member-store.ts';
import { EtcdStore } from './etcd/etcd-store.ts';
import { LmdbMemberStore } from './lmdb/lmdb-member-store.ts';
import { LmdbStore } from './lmdb/lmdb-store.ts';
import type { MemberStore } from './member-store.ts';

export type StoreUrl =
  | { readonly kind: 'lmdb'; readonly directory: string }
  | { readonly kind: 'etcd'; readonly endpoints: readonly string[] };

export type ParsedStoreUrl =
  | { readonly ok: true; readonly value: StoreUrl }
  | { readonly ok: false; readonly description: string };

export function parseStoreUrl(text: string): ParsedStoreUrl {
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(colon, 0));
  const rest = text.slice(colon + 1);
  if (kind === 'lmdb' && rest !== '') return { ok: true, value: { kind, directory: rest } };
  const endpoints = rest.split(',').map((endpoint) => endpoint.trim());
  if (kind === 'etcd' && endpoints.every(isEndpoint)) return { ok: true, value: { kind, endpoints } };
  const bad = kind === 'etcd' ? endpoints.find((endpoint) => !isEndpoint(endpoint)) : undefined;
  const why = bad === undefined ? `"${text}" is not a store` : `"${text}": "${bad}" is not HOST:PORT`;
  return {
    ok: false,
    description: `${why}; write lmdb:DIR, such as lmdb:./data, or etcd:HOST:PORT[,HOST:PORT...], such as etcd:127.0.0.1:2379`,
  };
}

export interface StoreDeps {
  /** For etcd. */
  readonly access: EtcdAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface OpenedStore {
  /** Closing it closes both. */
  readonly store: ConfigStore;
  readonly memberStore: MemberStore;
}

/** The store that the flag names. It is opened by its first use, so a store that is away does not stop a start. */
export function openStore(url: StoreUrl, { access, clock, random, logger }: StoreDeps): OpenedStore {
  if (url.kind === 'lmdb') {
    const store = new LmdbStore({ directory: url.directory, clock, logger });
    return { store, memberStore: new LmdbMemberStore(store, clock, logger) };
  }
  const client = new EtcdClient({ endpoints: url.endpoints, access, clock, random, logger });
  const store = new EtcdStore(client);
  return { store, memberStore: new EtcdMemberStore(client, store, logger) };
}

function isEndpoint(text: string): boolean {
  const port = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}
