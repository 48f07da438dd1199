/** Names of things, for completion: from the server. */
import type { Context } from '../context.ts';
import type { Kind } from '../kinds/kind-names.ts';
import { openSession, type Session } from '../session/session.ts';

/** A person who presses a key does not wait longer. */
const COMPLETION_MS = 1_000;

const MOST_REVISIONS = 20;

/** Rejects when the server does not answer in time. */
export async function readNames(context: Context, kind: Kind, pool: string | undefined): Promise<string[]> {
  const session = openSession({ ...context, timeoutMs: COMPLETION_MS });
  try {
    return await namesOf(session, kind, pool);
  } finally {
    session.close();
  }
}

async function namesOf(session: Session, kind: Kind, pool: string | undefined): Promise<string[]> {
  switch (kind) {
    case 'listeners':
      return (await session.read('listeners', 'ListListeners', {})).listeners.map(({ name }) => name);
    case 'policies':
      return (await session.read('policies', 'ListPolicies', {})).policies.map(({ name }) => name);
    case 'pools':
      return (await session.read('pools', 'ListPools', {})).pools.map(({ name }) => name);
    case 'backends': {
      const { pools } = await session.read('pools', 'ListPools', {});
      return pools.flatMap(({ name, backends }) => {
        if (pool === undefined) return backends.map(({ address }) => `${name}/${address}`);
        return name === pool ? backends.map(({ address }) => address) : [];
      });
    }
    case 'proxies':
      return (await session.read('fleet', 'ListProxies', {})).proxies.map(({ info }) => info?.id ?? '');
    case 'revisions': {
      const { revisions } = await session.read('config', 'ListRevisions', { pageSize: MOST_REVISIONS });
      return revisions.map(({ revision }) => revision);
    }
  }
}
