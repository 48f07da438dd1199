/** Resources as manifests write them: plain objects with durations as text, and YAML. */
import { formatDuration } from '../../core/model/duration.ts';
import type { ResourceDraft } from '../../core/model/draft.ts';
import { type ObjectShape, SHAPES, type Shape } from './shape.ts';

export type Plain = Record<string, unknown>;

/** A value of the model in the words of its shape; what the value leaves out is left out. */
export function toPlain(value: object, shape: ObjectShape): Plain {
  const plain: Plain = {};
  const fields = value as Plain;
  for (const [name, field] of Object.entries(shape.fields)) {
    const inner = fields[field.as];
    if (inner !== undefined) plain[name] = plainOf(inner, field.shape);
  }
  return plain;
}

function plainOf(value: unknown, shape: Shape): unknown {
  switch (shape.type) {
    case 'object':
      return toPlain(value as object, shape);
    case 'list':
      return (value as object[]).map((item) => toPlain(item, shape.item));
    case 'duration':
      return formatDuration(value as number);
    case 'text':
    case 'count':
    case 'word':
      return value;
  }
}

/** A manifest, `kind` first. */
export function toManifest(draft: ResourceDraft): Plain {
  const { word, shape } = SHAPES[draft.kind];
  return { kind: word, ...toPlain(draft.value, shape) };
}
