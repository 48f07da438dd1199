/**
 * Canonical numbers for immutable values: equal values have equal numbers, whichever objects they are made of.
 * Each object is read once; from then on it is known by its number, so that the key of a world, most of which is
 * shared with the world before it, costs as much as its newest parts.
 */
import type { Commit } from '../../core/model/commit.ts';
import type { Snapshot, SnapshotEntry } from '../../core/model/snapshot.ts';
import type { State } from '../../core/model/state.ts';

const numbersByText = new Map<string, number>();
let functionsSeen = 0;

/** Lets a class put a private field on an object that is there already: several times as fast as a WeakMap. */
// oxlint-disable-next-line no-extraneous-class -- a constructor is all that it is for
class Given {
  constructor(object: object) {
    // oxlint-disable-next-line no-constructor-return -- this is what it is for
    return object;
  }
}

class Numbered extends Given {
  #number: number;

  constructor(object: object, number: number) {
    super(object);
    this.#number = number;
  }

  static numberOf(object: object): number | undefined {
    return #number in object ? object.#number : undefined;
  }
}

export function intern(value: object): number {
  let number = Numbered.numberOf(value);
  if (number === undefined) {
    const text = textOf(value);
    number = numbersByText.get(text);
    if (number === undefined) {
      number = numbersByText.size;
      numbersByText.set(text, number);
    }
    void new Numbered(value, number);
  }
  return number;
}

/** A value inside another one. Simple ones stand for themselves. */
function inner(value: unknown): string {
  if (typeof value === 'object' && value !== null) return `#${intern(value)}`;
  return typeof value === 'function' ? `#${intern(value)}` : (JSON.stringify(value) ?? 'undefined');
}

function textOf(value: object): string {
  if (typeof value === 'function') return `function ${++functionsSeen}`;
  if (Array.isArray(value)) return `[${value.map(inner).join(',')}]`;
  if (value instanceof Map) {
    const pairs = Array.from(value, ([key, item]) => `${inner(key)}:${inner(item)}`);
    return `map ${pairs.sort().join(',')}`;
  }
  if (value instanceof Set) return `set ${Array.from(value, inner).sort().join(',')}`;
  if (value instanceof Error) return `error ${value.message}`;
  return contentText(value) ?? fieldsText(value);
}

/** What is known by a hash of its content already. */
function contentText(value: object): string | null {
  const { hash } = value as Partial<Commit & Snapshot & SnapshotEntry>;
  if (typeof hash === 'string') {
    if ('requestId' in value) return `commit ${hash}`;
    if ('resource' in value) return `entry ${(value as SnapshotEntry).key} ${hash}`;
    if ('entries' in value) return `snapshot ${hash} ${intern((value as Snapshot).position)}`;
  }
  return 'policies' in value && 'head' in value ? `state ${intern((value as State).head)}` : null;
}

function fieldsText(value: object): string {
  let text = '';
  // Sorted: what was spread together in another order is the same.
  for (const name of Object.keys(value).sort()) {
    text += `${name}:${inner((value as Record<string, unknown>)[name])},`;
  }
  return text;
}

/** A pure function that is not asked twice: what it answered is given again, the very same objects. */
export function remembering<A extends object, B extends object, R>(
  decide: (a: A, b: B) => R,
): (a: A, b: B) => R {
  const answers = new Map<number, Map<number, R>>();
  return (a, b) => {
    const first = intern(a);
    let known = answers.get(first);
    if (known === undefined) answers.set(first, (known = new Map<number, R>()));
    const second = intern(b);
    let answer = known.get(second);
    if (answer === undefined) known.set(second, (answer = decide(a, b)));
    return answer;
  };
}
