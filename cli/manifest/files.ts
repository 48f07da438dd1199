/** The files that `-f` means: a file, every manifest of a directory, or `-` for standard input. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../core/runtime/errors.ts';

export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

export interface SourceFiles {
  readonly files: readonly SourceFile[];
  /** One line each about what can't be read. */
  readonly unreadable: readonly string[];
}

/** Reads all of it, in the order of `paths`; a directory's files by name, without its sub-directories. */
export async function readSources(paths: readonly string[], stdin: Readable): Promise<SourceFiles> {
  const files: SourceFile[] = [];
  const unreadable: string[] = [];
  // Once is enough: standard input has ended after it was read.
  for (const path of new Set(paths)) {
    try {
      if (path === '-') {
        files.push({ name: '(stdin)', text: await text(stdin) });
        continue;
      }
      for (const file of await filesOf(path)) files.push({ name: file, text: await readFile(file, 'utf8') });
    } catch (error) {
      unreadable.push(`${path}: can't be read: ${messageOf(error)}`);
    }
  }
  return { files, unreadable };
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0) throw new Error('the directory holds no *.yaml, *.yml or *.json');
  return names.map((name) => join(path, name));
}
