/** Finding the one thing that a name means. */
import { canonicalAddress } from '../../core/model/address.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Kind, KIND_NAMES, unknownName } from './kind-names.ts';

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
