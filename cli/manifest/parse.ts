/** The text of one manifest file as drafts of resources, each with its place, or every problem of the file. */
import { isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, YAMLMap } from 'yaml';
import type { ResourceDraft } from '../../core/model/draft.ts';
import { didYouMean } from '../../core/model/nearest.ts';
import { KINDS, type ObjectShape } from './shape.ts';
import { keyOf, type Place, type Problem, readShape, resolve, type Walk } from './walk.ts';

export interface Declared {
  readonly draft: ResourceDraft;
  readonly place: Place;
}

export interface ParsedFile {
  /** Those that nothing is wrong with by themselves. */
  readonly resources: readonly Declared[];
  readonly problems: readonly Problem[];
  readonly places: ReadonlyMap<string, Place>;
}

/** `file` is the name that problems use. */
export function parseManifest(file: string, text: string): ParsedFile {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const problems: Problem[] = [];
  const places = new Map<string, Place>();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const resources: Declared[] = [];
  // An empty stream comes back as no array of documents but an empty one.
  for (const document of Array.isArray(documents) ? documents : []) {
    if (document.errors.length > 0) {
      for (const error of document.errors) {
        const place = { file, line: lineAt(error.pos[0]) };
        problems.push({ place, path: '', description: `can't be read: ${firstLine(error.message)}` });
      }
      continue;
    }
    const walk: Walk = {
      document,
      placeOf: (node) => ({ file, line: lineAt(node?.range?.[0] ?? 0) }),
      problems,
      places,
    };
    for (const node of resourceNodes(walk)) {
      const declared = readResource(walk, node);
      if (declared) resources.push(declared);
    }
  }
  return { resources, problems, places };
}

/** A document is one resource or a list of them, as `lbctl export -o json` writes it; an empty one is nothing. */
function resourceNodes(walk: Walk): (Node | null)[] {
  const contents = walk.document.contents;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  return isSeq(contents) ? (contents.items as (Node | null)[]) : [contents];
}

function readResource(walk: Walk, node: Node | null): Declared | undefined {
  const map = resolve(walk, node);
  const place = walk.placeOf(node);
  const kinds = Object.keys(KINDS);
  const refuse = (where: Place, path: string, description: string) => {
    walk.problems.push({ place: where, path, description });
    return undefined;
  };
  if (!isMap(map))
    return refuse(place, '', `is no resource; write fields, beginning with kind: ${kinds.join(' | ')}`);
  const word = map.get('kind', true) as Node | undefined;
  if (word === undefined) return refuse(place, '', `has no kind; use one of ${kinds.join(', ')}`);
  const kindText = isScalar(word) ? String(word.value) : '';
  const entry = Object.hasOwn(KINDS, kindText) ? KINDS[kindText] : undefined;
  if (entry === undefined) {
    const meant = didYouMean(kindText, kinds);
    return refuse(
      walk.placeOf(word),
      'kind',
      `"${kindText}" is no kind${meant}; use one of ${kinds.join(', ')}`,
    );
  }
  const path = `${entry.plural}[${keyOf(walk, map, entry.shape) ?? '?'}]`;
  const before = walk.problems.length;
  const value = readShape(walk, withoutKind(map), entry.shape, path);
  walk.places.set(path, place);
  if (walk.problems.length > before) return undefined;
  // The shapes are written after the drafts, and a value without problems has all that its shape requires.
  return { draft: { kind: entry.kind, value: withLists(value, entry.shape) } as ResourceDraft, place };
}

/** `kind` is no field of a resource: it says which fields there are. */
function withoutKind(map: YAMLMap): YAMLMap {
  const rest = new YAMLMap(map.schema);
  rest.items = map.items.filter(({ key }) => !isScalar(key) || key.value !== 'kind');
  if (map.range) rest.range = map.range;
  return rest;
}

/** A list that is left out is empty. */
function withLists(value: unknown, shape: ObjectShape): unknown {
  const lists = Object.values(shape.fields).filter((field) => field.shape.type === 'list');
  return { ...Object.fromEntries(lists.map((field) => [field.as, []])), ...(value as object) };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
