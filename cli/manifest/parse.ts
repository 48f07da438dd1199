/** The text of one manifest file as drafts of resources, each with its line, or every problem of the file. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, YAMLMap } from 'yaml';
import type { ResourceDraft } from '../../core/model/draft.ts';
import { didYouMean } from '../../core/model/did-you-mean.ts';
import {
  addProblem,
  keyOf,
  type Problem,
  type Reading,
  readValue,
  resolve,
  type SourceLine,
} from './read-value.ts';
import { type ObjectShape, SHAPES } from './shape.ts';

interface Declared {
  readonly draft: ResourceDraft;
  readonly line: SourceLine;
}

export interface ParsedFile {
  /** Those that nothing is wrong with by themselves. */
  readonly resources: readonly Declared[];
  readonly problems: readonly Problem[];
  /** By path, as violations name it. */
  readonly lines: ReadonlyMap<string, SourceLine>;
}

const KINDS = Object.keys(SHAPES);

/** `file` is the name that problems use. */
export function parseManifest(file: string, text: string): ParsedFile {
  const counter = new LineCounter();
  const lineAt = (offset: number) => `${file}:${counter.linePos(offset).line}`;
  const problems: Problem[] = [];
  const lines = new Map<string, SourceLine>();
  const documents = parseAllDocuments(text, { lineCounter: counter, prettyErrors: false });
  const resources: Declared[] = [];
  // For an empty stream, yaml returns an empty document instead of an array.
  for (const document of Array.isArray(documents) ? documents : []) {
    for (const { pos, message } of document.errors) {
      const description = `can't be read: ${message.split('\n', 1)[0] ?? message}`;
      problems.push({ line: lineAt(pos[0]), path: '', description });
    }
    if (document.errors.length > 0) continue;
    const reading = {
      document,
      lineOf: (node: Node | null) => lineAt(node?.range?.[0] ?? 0),
      problems,
      lines,
    };
    resources.push(...resourceNodes(reading).flatMap((node) => readResource(reading, node) ?? []));
  }
  return { resources, problems, lines };
}

/** A document is one resource or a list of them, as `lbctl export -o json` writes it; an empty one is nothing. */
function resourceNodes({ document: { contents } }: Reading): (Node | null)[] {
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  return isSeq(contents) ? (contents.items as (Node | null)[]) : [contents];
}

function readResource(reading: Reading, node: Node | null): Declared | undefined {
  const map = resolve(reading, node);
  if (!isMap(map)) {
    const description = `is not a resource; write its fields, beginning with kind: ${KINDS.join(' | ')}`;
    return addProblem(reading, node, '', description);
  }
  const word = map.get('kind', true) as Node | undefined;
  if (word === undefined) return addProblem(reading, node, '', `has no kind; use one of ${KINDS.join(', ')}`);
  const kindText = isScalar(word) ? String(word.value) : '';
  const entry = Object.hasOwn(SHAPES, kindText) ? SHAPES[kindText] : undefined;
  if (entry === undefined) {
    const description = `"${kindText}" is not a kind${didYouMean(kindText, KINDS)}; use one of ${KINDS.join(', ')}`;
    return addProblem(reading, word, 'kind', description);
  }
  const { kind, plural, shape } = entry;
  const path = `${plural}[${keyOf(reading, map, shape) ?? '?'}]`;
  const problemsBefore = reading.problems.length;
  const value = readValue(reading, withoutKind(map), shape, path);
  const line = reading.lineOf(node);
  reading.lines.set(path, line);
  if (reading.problems.length > problemsBefore) return undefined;
  // The shapes are written after the drafts, and a value without problems has all that its shape requires.
  return { draft: { kind, value: withLists(value, shape) } as ResourceDraft, line };
}

/** `kind` is not a field of a resource: it says which fields there are. */
function withoutKind(map: YAMLMap): YAMLMap {
  const rest = new YAMLMap(map.schema);
  rest.items = map.items.filter(({ key }) => !isScalar(key) || key.value !== 'kind');
  if (map.range) rest.range = map.range;
  return rest;
}

/** A list that is left out is empty. */
function withLists(value: unknown, { fields }: ObjectShape): unknown {
  const lists = Object.entries(fields).filter(([, { type }]) => type === 'list');
  return { ...Object.fromEntries(lists.map(([name]) => [name, []])), ...(value as object) };
}
