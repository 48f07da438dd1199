/** The text of one manifest file as drafts of resources, each with its line, or every problem of the file. */
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  YAMLMap,
} from 'yaml';
import type { ResourceDraft } from '../../core/model/draft.ts';
import { didYouMean } from '../../core/model/did-you-mean.ts';
import { inspect } from './inspect.ts';
import {
  addProblem,
  keyOf,
  type Problem,
  type Reading,
  readValue,
  resolve,
  type SourceLine,
} from './read-value.ts';
import { SHAPES } from './shape.ts';

interface Declared {
  readonly draft: ResourceDraft;
  readonly line: SourceLine;
}

export interface ParsedFile {
  /** Without the values that something is wrong with. */
  readonly resources: readonly Declared[];
  readonly problems: readonly Problem[];
  /** By path, as violations name it. */
  readonly lines: ReadonlyMap<string, SourceLine>;
}

const KINDS = Object.keys(SHAPES);
/** Aliases can make a small file a large one; ten times what the largest configuration holds. */
const MAX_VALUES = 500_000;

/** `file` is the name that problems use. */
export function parseManifest(file: string, text: string): ParsedFile {
  const counter = new LineCounter();
  const lineAt = (offset: number) => `${file}:${counter.linePos(offset).line}`;
  const problems: Problem[] = [];
  const lines = new Map<string, SourceLine>();
  // Keys are compared in inspect.ts, in less time.
  const options = { lineCounter: counter, prettyErrors: false, uniqueKeys: false };
  const documents = parseAllDocuments(text, options);
  const values = { left: MAX_VALUES };
  const resources: Declared[] = [];
  // For an empty stream, yaml returns an empty document instead of an array.
  for (const document of Array.isArray(documents) ? documents : []) {
    const faults = faultsOf(document);
    problems.push(...faults.map(({ at, description }) => ({ line: lineAt(at), path: '', description })));
    if (document.errors.length > 0) continue;
    const lineOf = (node: Node | null) => lineAt(node?.range?.[0] ?? 0);
    const { targets, problems: found } = inspect(document, lineOf);
    problems.push(...found.map(({ node, description }) => ({ line: lineOf(node), path: '', description })));
    const reading = { targets, lineOf, problems, lines, values };
    resources.push(...resourceNodes(document).flatMap((node) => readResource(reading, node) ?? []));
  }
  return { resources, problems, lines };
}

/** What the parser objects to. Tags are left to inspect.ts, and of nesting that is too deep once is enough. */
function faultsOf({ errors, warnings }: Document.Parsed) {
  const tooDeep = errors.find(({ message }) => message.includes('call stack'));
  if (tooDeep) return [{ at: tooDeep.pos[0], description: "can't be read: it is nested too deeply" }];
  return [...errors, ...warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED')].map(
    ({ pos, code, message }) => {
      const remedy = code === 'TAB_AS_INDENT' ? '; use blanks' : '';
      return { at: pos[0], description: `can't be read: ${message.split('\n', 1)[0] ?? message}${remedy}` };
    },
  );
}

/** A document is one resource or a list of them, as `lbctl export -o json` writes it; an empty one is nothing. */
function resourceNodes({ contents }: Document.Parsed): (Node | null)[] {
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  return isSeq(contents) ? contents.items : [contents];
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
  const value = readValue(reading, withoutKind(map), shape, path);
  const line = reading.lineOf(node);
  reading.lines.set(path, line);
  // The shapes are written after the drafts. Where a required value is missing, there is a problem, and nothing is sent.
  return {
    draft: {
      kind,
      value: { name: '', ...(kind === 'pool' && { backends: [] }), ...(value as object) },
    } as ResourceDraft,
    line,
  };
}

/** `kind` is not a field of a resource: it says which fields there are. */
function withoutKind(map: YAMLMap): YAMLMap {
  const rest = new YAMLMap(map.schema);
  rest.items = map.items.filter(({ key }) => !isScalar(key) || key.value !== 'kind');
  if (map.range) rest.range = map.range;
  return rest;
}
