/** `lbctl __complete -- WORDS...`, which the shells call: one candidate a line, and nothing at all on any failure. */
import type { Command } from 'commander';
import { hostPortList } from '../../core/runtime/flags.ts';
import type { Context } from '../context.ts';
import { wantedAt } from './position.ts';

export async function complete(program: Command, words: readonly string[], context: Context): Promise<void> {
  const current = words.at(-1) ?? '';
  try {
    const candidates = await candidatesFor(program, words, context);
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
): Promise<readonly string[]> {
  const wanted = wantedAt(program, words);
  if (wanted.type === 'words') return wanted.words;
  if (wanted.type === 'files') return [];
  const server = words[words.indexOf('--server') + 1];
  const servers = words.includes('--server') && server ? hostPortList(server) : context.servers;
  const { readNames } = await import('./names.ts');
  return readNames({ ...context, servers }, wanted.kind, wanted.pool);
}
