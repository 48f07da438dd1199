/** `lbctl __complete -- WORDS...`, which the shells call: one candidate per line, and nothing at all on any failure. */
import type { Command } from 'commander';
import { hostPortList, tokenFile } from '../../core/runtime/flags.ts';
import type { Context } from '../context.ts';
import type { Kind } from '../kinds/kind-names.ts';
import { printLines } from '../output/lines.ts';
import type { Session } from '../session/session.ts';
import { expectedAt } from './position.ts';

/** Nobody waits longer after pressing tab. */
const TIMEOUT_MS = 1_000;
const MAX_REVISIONS = 20;

/** `tokens` is the path of the token file that the environment names, if it does. */
export async function complete(
  program: Command,
  words: readonly string[],
  context: Context,
  tokens?: string,
): Promise<void> {
  const current = words.at(-1) ?? '';
  try {
    const candidates = await candidatesFor(program, words, context, tokens);
    printLines(
      context,
      candidates.filter((candidate) => candidate.startsWith(current)),
    );
  } catch {
    // A message would end up in the middle of somebody's command line.
  }
}

async function candidatesFor(
  program: Command,
  words: readonly string[],
  context: Context,
  tokens?: string,
): Promise<readonly string[]> {
  const expected = expectedAt(program, words);
  if (expected.type !== 'names') return expected.type === 'words' ? expected.words : [];
  const server = valueOf('--server', words);
  const servers = server ? hostPortList(server) : context.servers;
  const path = valueOf('--token-file', words) || tokens;
  const { openSession } = await import('../session/session.ts');
  const session = openSession({
    ...context,
    servers,
    ...(path && { token: tokenFile(path) }),
    timeoutMs: TIMEOUT_MS,
  });
  try {
    return await namesOf(session, expected.kind, expected.pool);
  } finally {
    session.close();
  }
}

function valueOf(option: string, words: readonly string[]): string | undefined {
  return words.includes(option) ? words[words.indexOf(option) + 1] : undefined;
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
      const { revisions } = await session.read('config', 'ListRevisions', { pageSize: MAX_REVISIONS });
      return revisions.map(({ revision }) => revision);
    }
  }
}
