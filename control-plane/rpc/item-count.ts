/**
 * Counts the messages and the items of lists in an encoded request before it is decoded: a message of 16 MiB can have
 * eight million empty ones, which take gigabytes as objects.
 */
import { loadDefinitions } from '../../core/wire/definitions.ts';

/** More than a whole configuration has (core/model/limits.ts), with each field of each policy set. */
export const MAX_ITEMS = 60_000;

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

/** Whether an encoded message of this type has more than MAX_ITEMS. What is not a message counts as little as it says. */
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

/** The items from `at` to `end`, added to `sum`; counting ends beyond MAX_ITEMS, and where the bytes are no message. */
function count(bytes: Buffer, from: number, end: number, shape: Shape, before: number): number {
  let sum = before;
  let at = from;
  const varint = () => {
    let value = 0;
    for (let factor = 1; at < end; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < end && sum <= MAX_ITEMS) {
    const tag = varint();
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType === 0) {
      varint();
      if (shape.has(field)) sum += 1;
    } else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType !== 2) return sum;
    else {
      const length = varint();
      const inner = shape.get(field);
      if (inner !== undefined) sum += 1;
      if (inner && at + length <= end) sum = count(bytes, at, at + length, inner(), sum);
      at += length;
    }
  }
  return sum;
}
