/** `lbctl __complete -- WORDS...`, which the shells call: one candidate a line, and nothing at all on any failure. */
import type { Command } from 'commander';
import { hostPortList, tokenFile } from '../../core/runtime/flags.ts';
import type { Context } from '../context.ts';
import { wantedAt } from './position.ts';

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
    const fitting = candidates.filter((candidate) => candidate.startsWith(current));
    context.stdout.write(fitting.map((candidate) => `${candidate}\n`).join(''));
  } catch {
    // A completion that fails offers nothing: a message would end up in the middle of somebody's command line.
  }
}

async function candidatesFor(
  program: Command,
  words: readonly string[],
  context: Context,
  tokens?: string,
): Promise<readonly string[]> {
  const wanted = wantedAt(program, words);
  if (wanted.type === 'words') return wanted.words;
  if (wanted.type === 'files') return [];
  const server = valueOf('--server', words);
  const servers = server ? hostPortList(server) : context.servers;
  const path = valueOf('--token-file', words) || tokens;
  const { readNames } = await import('./names.ts');
  return readNames(
    { ...context, servers, ...(path && { token: tokenFile(path) }) },
    wanted.kind,
    wanted.pool,
  );
}

function valueOf(option: string, words: readonly string[]): string | undefined {
  return words.includes(option) ? words[words.indexOf(option) + 1] : undefined;
}
