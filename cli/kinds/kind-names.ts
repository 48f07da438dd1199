/** The kinds of things that commands take, and the error for a name that does not exist. */
import { didYouMean } from '../../core/model/did-you-mean.ts';
import { CliError, EXIT } from '../exit.ts';

export const KIND_NAMES = {
  listeners: 'listener',
  pools: 'pool',
  policies: 'policy',
  backends: 'backend',
  proxies: 'proxy',
  revisions: 'revision',
} as const;
export type Kind = keyof typeof KIND_NAMES;
export const KINDS = Object.keys(KIND_NAMES) as Kind[];

/** The kind that a word means, in the plural or the singular; undefined when there is none. */
export function kindOf(word: string): Kind | undefined {
  return KINDS.find((kind) => kind === word || KIND_NAMES[kind] === word);
}

/** The kind that a word means; wrong usage when it is not among `allowed`. */
export function requireKind<K extends Kind>(word: string, allowed: readonly K[]): K {
  const kind = allowed.find((one) => one === kindOf(word));
  if (kind !== undefined) return kind;
  const words = allowed.map((one) => KIND_NAMES[one]);
  const meant = didYouMean(word, [...allowed, ...words]);
  throw new CliError(
    EXIT.usage,
    `"${word}" is not a kind that this command takes${meant}; use one of ${words.join(', ')}`,
  );
}

export function unknownName(kind: string, name: string, names: Iterable<string>): CliError {
  return new CliError(EXIT.failed, `there is no ${kind} "${name}"${didYouMean(name, names)}`);
}
