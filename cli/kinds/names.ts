/** The kinds of things that commands take, and the error for a name that there is not. */
import { didYouMean } from '../../core/model/nearest.ts';
import { CliError, EXIT } from '../exit.ts';

export const KIND_NAMES = {
  listeners: 'listener',
  pools: 'pool',
  policies: 'policy',
  backends: 'backend',
  proxies: 'proxy',
  revisions: 'revision',
} as const;
export type KindName = keyof typeof KIND_NAMES;

/** The kind that a word means, in the plural or the singular; undefined when there is none. */
export function kindOf(word: string): KindName | undefined {
  return (Object.keys(KIND_NAMES) as KindName[]).find((kind) => kind === word || KIND_NAMES[kind] === word);
}

/** The kind that a word means. Wrong usage when there is none among `allowed`. */
export function requireKind<K extends KindName>(word: string, allowed: readonly K[]): K {
  const kind = allowed.find((known) => known === kindOf(word));
  if (kind !== undefined) return kind;
  const words = allowed.map((known) => KIND_NAMES[known]);
  const meant = didYouMean(word, [...allowed, ...words]);
  throw new CliError(
    EXIT.usage,
    `"${word}" is no kind that this takes${meant}; use one of ${words.join(', ')}`,
  );
}

/** There is nothing of that name. */
export function unknownName(kind: string, name: string, known: Iterable<string>): CliError {
  return new CliError(EXIT.failed, `there is no ${kind} "${name}"${didYouMean(name, known)}`);
}
