/**
 * Counts the messages and the items of lists in an encoded request before it is decoded: a message of 16 MiB can have
 * eight million empty ones, which take gigabytes as objects.
 */
import { LIMITS } from '../../core/model/limits.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';

/** As many as a whole configuration has, with each field of each resource: a policy counts 33, any other resource 2. */
export const MAX_ITEMS = 2 * (LIMITS.backends + LIMITS.pools + LIMITS.listeners) + 33 * LIMITS.policies;

/** Of a field's number with its form, and of a length. */
const TAG_BITS = 32;
/** A number has up to ten bytes, of seven bits each. */
const VALUE_BITS = 70;
/** By form: 64 and 32 bits. */
const FIXED_LENGTHS: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** By the number of a field: what one value of it counts; null is an item by itself. */
type Shape = ReadonlyMap<number, ItemShape | null>;
/** Resolved when it is first needed. */
type ItemShape = () => Shape;

/** What proto-loader tells of a message. */
interface Descriptor {
  readonly field: readonly {
    readonly number: number;
    readonly label: string;
    readonly type: string;
    readonly typeName: string;
  }[];
}

const shapes = new WeakMap<Descriptor, Shape>();

/** Whether an encoded message of this type has more than MAX_ITEMS. Throws when it is not well-formed. */
export function hasTooManyItems(bytes: Buffer, type: object): boolean {
  return count(bytes, 0, bytes.length, shapeOf(type as Descriptor), 0) > MAX_ITEMS;
}

function shapeOf(descriptor: Descriptor): Shape {
  const known = shapes.get(descriptor);
  if (known !== undefined) return known;
  const { packageDefinition } = loadDefinitions();
  const counted = descriptor.field.filter(
    ({ label, type }) => type === 'TYPE_MESSAGE' || label === 'LABEL_REPEATED',
  );
  const shape: Shape = new Map(
    counted.map(({ number, typeName }) => {
      const named = packageDefinition[`lb.v1.${typeName}`] ?? packageDefinition[typeName];
      return [number, named && 'type' in named ? () => shapeOf(named.type as Descriptor) : null];
    }),
  );
  shapes.set(descriptor, shape);
  return shape;
}

/**
 * `sum` and the items from `from` to `end`; counting ends beyond MAX_ITEMS. The decoder reads what breaks the rules of the
 * encoding in ways of its own, in which more items could hide, so that is refused: numbers that are longer than they may be,
 * a field that reaches beyond its message, groups.
 */
function count(bytes: Buffer, from: number, end: number, shape: Shape, before: number): number {
  let sum = before;
  let at = from;
  const varint = (bits: number) => {
    let value = 0;
    for (let factor = 1; factor < 2 ** bits && at < end; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128 && value < 2 ** bits) return value;
    }
    throw new RangeError(`a number is cut off or too long at byte ${at}`);
  };
  while (at < end && sum <= MAX_ITEMS) {
    const tag = varint(TAG_BITS);
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    const inner = shape.get(field);
    if (inner !== undefined) sum += 1;
    if (wireType === 0) varint(VALUE_BITS);
    else {
      const length = wireType === 2 ? varint(TAG_BITS) : FIXED_LENGTHS[wireType];
      if (length === undefined || at + length > end) {
        throw new RangeError(`a field has an unknown form or does not end within its message at byte ${at}`);
      }
      if (inner && wireType === 2) sum = count(bytes, at, at + length, inner(), sum);
      at += length;
    }
  }
  return sum;
}
