/** Values on stdout for programs, as JSON or YAML and with nothing else beside them. */
import { Document, isScalar, visit } from 'yaml';
import type { Context } from '../context.ts';

/** What `printable` takes away. JSON and YAML have it escaped, so that the value stays what it is. */
const UNPRINTABLE = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const HAS_UNPRINTABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** A number with signs, digits and what joins them, or one of the words that some reader of YAML takes for a value. */
const LOOKS_LIKE_A_VALUE =
  /^[-+.]?\d[-+\d_.,:xobeTZ]*$|^0x[\da-f_]+$|^([yn~=]|yes|no|on|off|true|false|null|<<)$/i;

/** Writes `value` when a structured format was asked for; returns whether it did. */
export function emitStructured(context: Context, value: unknown): boolean {
  if (context.format === 'json') context.stdout.write(jsonText(value));
  else if (context.format === 'yaml') context.stdout.write(yamlText(value));
  else return false;
  return true;
}

/** The same for one value of many: JSON on a line by itself, or a YAML document. */
export function emitOneOfMany({ stdout, format }: Context, value: unknown): boolean {
  if (format === 'json') stdout.write(jsonText(value, 0));
  else if (format === 'yaml') stdout.write(`---\n${yamlText(value)}`);
  else return false;
  return true;
}

export function jsonText(value: unknown, indent = 2): string {
  return `${JSON.stringify(value, null, indent).replace(UNPRINTABLE, escapedUnits)}\n`;
}

/**
 * YAML without line folding and anchors, so that it is stable and easily compared. Texts are in quotes where a reader of
 * YAML 1.1 or 1.2 would find something else than text, such as `no`, `1:30` or `2024-01-01`.
 */
export function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(document, {
    Scalar(_key, node) {
      if (!isScalar(node) || typeof node.value !== 'string') return;
      if (HAS_UNPRINTABLE.test(node.value) || LOOKS_LIKE_A_VALUE.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0 }).replace(UNPRINTABLE, escapedPoint);
}

function escapedUnits(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}

/** YAML has no surrogates. */
function escapedPoint(character: string): string {
  const point = (character.codePointAt(0) ?? 0).toString(16);
  return point.length > 4 ? `\\U${point.padStart(8, '0')}` : `\\u${point.padStart(4, '0')}`;
}
