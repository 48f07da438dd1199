/** The sources of this project as text, for tests that read them. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHECKOUT } from './programs/processes.ts';

const SOURCE_FOLDERS = [
  'core',
  'control-plane',
  'data-plane',
  'cli',
  'scripts',
  'examples',
  'harness',
  'test',
  'bench',
] as const;

interface Import {
  /** A path in the checkout for our own files, else the specifier: `koffi`, `node:fs`. */
  readonly target: string;
  readonly own: boolean;
  /** `import type`: gone at run time. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** In the checkout, such as `core/model/state.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

/** The text of a file of the checkout. */
export function readText(path: string): string {
  return readFileSync(join(CHECKOUT, path), 'utf8');
}

/** Files below a folder of the checkout whose names end so, sorted. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(join(CHECKOUT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file))
    .sort();
}

/** Every TypeScript file that people write. */
export function sourceFiles(): readonly SourceFile[] {
  return SOURCE_FOLDERS.flatMap((folder) => filesBelow(folder, '.ts'))
    .filter((path) => !path.startsWith('core/wire/generated/'))
    .map((path) => {
      const text = readText(path);
      return { path, text, lines: text.split('\n').length - 1, imports: importsOf(path, text) };
    });
}

const STATIC = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\b(?:import|require|createRequire\(import\.meta\.url\))\('([^']+)'\)/g;

function importsOf(path: string, text: string): readonly Import[] {
  const named = [...text.matchAll(STATIC)].map(([, type, target]) => ({
    target,
    typeOnly: type !== undefined,
  }));
  const dynamic = [...text.matchAll(DYNAMIC)].map(([, target]) => ({ target, typeOnly: false }));
  return [...named, ...dynamic].map(({ target = '', typeOnly }) => {
    const own = target.startsWith('.');
    return { target: own ? join(dirname(path), target) : target, own, typeOnly };
  });
}
