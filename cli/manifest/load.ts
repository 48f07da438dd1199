/** All manifests of one command: read, checked together, and traced back to their lines when the server objects. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ResourceDraft } from '../../core/model/draft.ts';
import { applyResources } from '../../core/model/edits/apply.ts';
import { emptyState } from '../../core/model/fold.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { counted } from '../../core/view/figures.ts';
import type { Resource } from '../../core/wire/generated/lb/v1/Resource.ts';
import { resourceDraftToWire } from '../../core/wire/resource-codec.ts';
import { CliError, EXIT } from '../exit.ts';
import { MAX_BYTES, textOf, undecodable } from './decode.ts';
import { parseManifest } from './parse.ts';
import type { SourceLine } from './read-value.ts';
import { KIND_WORDS } from './shape.ts';

/** Problems that are listed; the others are counted. */
const MAX_SHOWN = 200;

export interface Manifests {
  readonly drafts: readonly ResourceDraft[];
  /** The same for a request. */
  readonly resources: Resource[];
  /** Adds its line to each violation that the request is refused with. */
  readonly traced: <T>(answer: Promise<T>) => Promise<T>;
}

/** Reads what `-f` names. Ends the program with every problem of every file. */
export async function loadManifests(paths: readonly string[], stdin: () => Readable): Promise<Manifests> {
  const { files, unreadable } = await readFiles(paths, stdin);
  const problems = [...unreadable];
  const lines = new Map<string, SourceLine>();
  const declaredAt = new Map<string, SourceLine>();
  const drafts: ResourceDraft[] = [];
  const unread = new Set<string>();
  for (const { name: file, bytes } of files) {
    const refused = undecodable(bytes);
    problems.push(...refused.map(({ line, description }) => `${file}:${line}: ${description}`));
    if (refused.length > 0) continue;
    const parsed = parseManifest(file, textOf(bytes));
    for (const { line, path, description } of parsed.problems) {
      problems.push(path === '' ? `${line}: ${description}` : `${line}: ${path}: ${description}`);
      unread.add(path);
    }
    for (const [path, line] of parsed.lines) lines.set(path, line);
    for (const { draft, line } of parsed.resources) {
      drafts.push(draft);
      if (draft.value.name === '') continue;
      const name = `${KIND_WORDS[draft.kind]} ${draft.value.name}`;
      const first = declaredAt.get(name);
      if (first) problems.push(`${line}: declares ${name} again, which ${first} declares`);
      else declaredAt.set(name, line);
    }
  }
  if (problems.length > 0) {
    problems.push(...problemsOfValues(drafts, lines, unread));
    sortByLine(problems, (problem) => problem);
    const message = `${counted(problems.length, 'problem')} in what -f names; nothing was sent`;
    const more = problems.length > MAX_SHOWN ? [`and ${problems.length - MAX_SHOWN} more`] : [];
    throw new CliError(EXIT.failed, message, [...problems.slice(0, MAX_SHOWN), ...more]);
  }
  if (drafts.length === 0) {
    const names = files.map(({ name }) => name).join(', ');
    throw new CliError(EXIT.failed, `no resource in ${names}; nothing was sent`);
  }
  return {
    drafts,
    resources: drafts.map(resourceDraftToWire),
    traced: (answer) =>
      answer.catch((error: unknown) => {
        throw withLines(error, lines);
      }),
  };
}

/**
 * What a control plane would find in the values that could be read. What they refer to may exist there, so a policy and a
 * pool of each name that is mentioned are added; nothing in a file is wrong with those.
 */
function problemsOfValues(
  drafts: readonly ResourceDraft[],
  lines: ReadonlyMap<string, SourceLine>,
  unread: ReadonlySet<string>,
): string[] {
  const mentioned = drafts.flatMap((draft): ResourceDraft[] => {
    if (draft.kind === 'pool') return [{ kind: 'policy', value: { name: draft.value.policy ?? '' } }];
    if (draft.kind !== 'listener') return [];
    const { pool, routes = [] } = draft.value;
    const names = [pool ?? '', ...routes.map((route) => route.pool ?? '')];
    return names.map((name) => ({ kind: 'pool', value: { name, backends: [] } }));
  });
  const declared = new Set(drafts.map(({ kind, value }) => `${kind}/${value.name}`));
  const others = mentioned.filter(({ kind, value }) => value.name && !declared.has(`${kind}/${value.name}`));
  const all = [
    ...new Map([...others, ...drafts].map((each) => [`${each.kind}/${each.value.name}`, each])).values(),
  ];
  const outcome = applyResources(all, { prune: false })(emptyState(''));
  if (outcome.ok) return [];
  return outcome.refusal.violations.flatMap(({ field, description }) => {
    // Which parts a check may have is not known while its type can't be read.
    const [, check] = /^(.*health_check)\.(?:http|tls|script)$/.exec(field) ?? [];
    if (check !== undefined && unread.has(`${check}.type`)) return [];
    const line = lineOfField(field, lines);
    return line ? [`${line}: ${field}: ${description}`] : [];
  });
}

/** By the number of its line, within what stands together of one file. */
function sortByLine<T>(found: T[], textOfOne: (one: T) => string): void {
  const places = new Map<string, number>();
  const placeOf = (one: T) => {
    const [, file = '', line = 0] = /^(.*?):(\d+): /.exec(textOfOne(one)) ?? [];
    if (!places.has(file)) places.set(file, places.size);
    return [places.get(file) ?? 0, Number(line)] as const;
  };
  const keyed = found.map((one) => ({ one, place: placeOf(one) }));
  keyed.sort((left, right) => left.place[0] - right.place[0] || left.place[1] - right.place[1]);
  found.splice(0, found.length, ...keyed.map(({ one }) => one));
}

interface ManifestFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** In the order of `paths`; a directory's files by name, without its sub-directories. */
async function readFiles(paths: readonly string[], stdin: () => Readable) {
  const files: ManifestFile[] = [];
  const unreadable: string[] = [];
  // Each once: standard input has ended after it was read.
  for (const path of new Set(paths)) {
    try {
      if (path === '-') files.push({ name: '(stdin)', bytes: await bytesOf(stdin()) });
      else {
        for (const name of await filesOf(path))
          files.push({ name, bytes: await bytesOf(createReadStream(name)) });
      }
    } catch (error) {
      unreadable.push(`${path}: can't be read: ${messageOf(error)}`);
    }
  }
  return { files, unreadable };
}

/** No more than shows that there is too much. */
async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    length += chunks.at(-1)?.length ?? 0;
    if (length > MAX_BYTES) break;
  }
  return Buffer.concat(chunks);
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0) throw new Error('the directory holds no *.yaml, *.yml or *.json');
  return names.map((name) => join(path, name));
}

function withLines(error: unknown, lines: ReadonlyMap<string, SourceLine>): unknown {
  if (!(error instanceof LbError) || error.violations.length === 0) return error;
  const violations = error.violations.map(({ field, description }) => {
    const line = lineOfField(field, lines);
    return { field: line ? `${line}: ${field}` : field, description };
  });
  sortByLine(violations, ({ field }) => field);
  return new LbError(error.code, error.message, violations, error);
}

/** The line of the field, or else of the nearest thing around it. */
function lineOfField(field: string, lines: ReadonlyMap<string, SourceLine>): SourceLine | undefined {
  for (let path = field; path !== ''; path = parentOf(path)) {
    const line = lines.get(path);
    if (line) return line;
  }
  return undefined;
}

/** `pools[web].backends[10.0.0.1:80]` of `pools[web].backends[10.0.0.1:80].weight`. */
function parentOf(path: string): string {
  let depth = 0;
  for (let index = path.length - 1; index > 0; index--) {
    const character = path[index];
    if (character === ']') depth++;
    if (character === '[') depth--;
    if (depth === 0 && (character === '.' || character === '[')) return path.slice(0, index);
  }
  return '';
}
