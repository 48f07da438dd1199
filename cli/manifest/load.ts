/** All manifests of one command: read, checked together, and traced back to their lines when the server objects. */
import type { Readable } from 'node:stream';
import type { ResourceDraft } from '../../core/model/draft.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { CliError, EXIT } from '../exit.ts';
import { readSources } from './files.ts';
import { parseManifest } from './parse.ts';
import { SHAPES } from './shape.ts';
import type { Place, Problem } from './walk.ts';

export interface Manifests {
  readonly drafts: readonly ResourceDraft[];
  /** By path, as violations name it. */
  readonly places: ReadonlyMap<string, Place>;
}

/** Reads what `-f` names. Ends the program with every problem of every file. */
export async function loadManifests(paths: readonly string[], stdin: Readable): Promise<Manifests> {
  const { files, unreadable } = await readSources(paths, stdin);
  const problems: Problem[] = [];
  const places = new Map<string, Place>();
  const first = new Map<string, Place>();
  const drafts: ResourceDraft[] = [];
  for (const file of files) {
    const parsed = parseManifest(file.name, file.text);
    problems.push(...parsed.problems);
    for (const [path, place] of parsed.places) places.set(path, place);
    for (const { draft, place } of parsed.resources) {
      const name = `${SHAPES[draft.kind].word} ${draft.value.name}`;
      const other = first.get(name);
      if (other)
        problems.push({
          place,
          path: '',
          description: `declares ${name} again, which ${lineOf(other)} declares`,
        });
      else first.set(name, place);
      drafts.push(draft);
    }
  }
  const lines = [...unreadable, ...problems.map(describe)];
  if (lines.length > 0) {
    const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`;
    throw new CliError(EXIT.failed, `${count} in what -f names; nothing was sent`, lines);
  }
  if (drafts.length === 0) {
    throw new CliError(
      EXIT.failed,
      `no resource in ${files.map(({ name }) => name).join(', ')}; nothing was sent`,
    );
  }
  return { drafts, places };
}

/** A server's violations, each with the line that it is about where there is one. */
export function traced(error: unknown, places: ReadonlyMap<string, Place>): unknown {
  if (!(error instanceof LbError) || error.violations.length === 0) return error;
  const violations = error.violations.map(({ field, description }) => {
    const place = placeOf(field, places);
    return { field: place ? `${lineOf(place)}: ${field}` : field, description };
  });
  return new LbError(error.code, error.message, violations, error);
}

/** Where the field stands, or else the nearest thing around it. */
function placeOf(field: string, places: ReadonlyMap<string, Place>): Place | undefined {
  for (let path = field; path !== ''; path = parentOf(path)) {
    const place = places.get(path);
    if (place) return place;
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

function describe({ place, path, description }: Problem): string {
  return path === '' ? `${lineOf(place)}: ${description}` : `${lineOf(place)}: ${path}: ${description}`;
}

function lineOf({ file, line }: Place): string {
  return `${file}:${line}`;
}
