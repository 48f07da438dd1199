/** The kinds of things that commands take, and how one is found by its name. */
import { canonicalAddress } from '../../core/model/address.ts';
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

interface Named {
  readonly name: string;
  readonly pool?: string;
}

/** The item of that name; a backend's is its address, or POOL/ADDRESS. */
export function findNamed<T extends Named>(kind: Kind, name: string, items: readonly T[]): T {
  const slash = kind === 'backends' ? name.indexOf('/') : -1;
  const pool = slash > 0 ? name.slice(0, slash) : undefined;
  const ownName = kind === 'backends' ? canonicalAddress(name.slice(slash + 1)) : name;
  const [found, ...others] = items.filter(
    (item) => item.name === ownName && (pool === undefined || item.pool === pool),
  );
  if (found === undefined) {
    const names = items.map((item) => (pool === undefined ? item.name : `${item.pool ?? ''}/${item.name}`));
    throw unknownName(KIND_NAMES[kind], name, names);
  }
  if (others.length > 0) {
    const pools = [found, ...others].map((item) => item.pool ?? '').join(', ');
    const message = `${name} is in several pools (${pools}); name it POOL/ADDRESS, or use --pool`;
    throw new CliError(EXIT.failed, message);
  }
  return found;
}
