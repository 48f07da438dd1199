/**
 * What a power cut could take: records the system calls of a program (strace) and says at each moment which files and
 * folders below one folder have changes that were not synced. A new or moved name is a change of its folder.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { startProcess, temporaryFolder, type Scope } from './processes.ts';

const CALLS = 'openat,write,writev,pwrite64,pwritev,ftruncate,fsync,fdatasync,rename,renameat2,mkdir';

export interface DiskMoment {
  /** A line to standard output, a rename, a write, or a write that is synced by itself (O_DSYNC). */
  readonly kind: 'said' | 'renamed' | 'wrote' | 'wrote-synced';
  /** The line, the new name, or the file and, where it is known, the offset in it: `data.mdb 4096`. */
  readonly text: string;
  /** What is not synced just before, below the folder; the folder itself is `.`. */
  readonly unsynced: readonly string[];
}

/** Runs one of our built programs until `isLast` is true for a line of its output, and returns the moments until then. */
export async function recordDisk(
  scope: Scope,
  program: readonly string[],
  folder: string,
  isLast: (line: string) => boolean,
): Promise<readonly DiskMoment[]> {
  const file = join(temporaryFolder(scope), 'calls');
  const strace = ['-D', '-f', '-y', '-s', '200', '-e', `trace=${CALLS}`, '-o', file, '--', process.execPath];
  // -D: the program is our child, and not that of strace, so that it ends when we end it.
  const running = startProcess(scope, 'strace', [...strace, ...program]);
  await running.line(isLast, 'the last line');
  await running.stop();
  return momentsOf(readFileSync(file, 'utf8'), folder);
}

/** `lines`: as `strace -f -y` writes them. */
export function momentsOf(lines: string, folder: string): readonly DiskMoment[] {
  const disk = new Disk(folder);
  /** What a thread has begun and not ended. */
  const begun = new Map<string, { readonly text: string; readonly end: (result: string) => void }>();
  for (const line of lines.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const before = resumed === undefined ? undefined : begun.get(thread);
    const text = (before?.text ?? '') + (resumed ?? rest);
    const end = before?.end ?? disk.begin(text);
    if (text.endsWith('<unfinished ...>'))
      begun.set(thread, { text: text.replace(/ *<unfinished.*$/, ''), end });
    else end(text.slice(text.lastIndexOf(') ')));
  }
  return disk.moments;
}

class Disk {
  readonly moments: DiskMoment[] = [];
  readonly #folder: string;
  /** When each path was changed last. */
  readonly #unsynced = new Map<string, number>();
  readonly #known = new Set<string>();
  /** Descriptors whose writes are synced by themselves. */
  readonly #synced = new Set<string>();
  #time = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A call begins; returns what to do when it ends. */
  begin(text: string): (result: string) => void {
    const call = /^\w+/.exec(text)?.[0] ?? '';
    const [, descriptor = '', path = ''] = /^\w+\((\d+)<([^>]*)>/.exec(text) ?? [];
    const [first = '', second = ''] = Array.from(text.matchAll(/"([^"]*)"/g), ([, name]) => name);
    if (/^f(?:data)?sync$/.test(call)) return this.#sync(path);
    if (/write|ftruncate/.test(call)) this.#write(descriptor, path, first, offsetIn(text));
    if (call.startsWith('rename')) return this.#rename(first, second);
    if (call === 'mkdir') return (result) => void (/= 0/.test(result) && this.#appear(first));
    if (call === 'openat') return (result) => this.#open(first, text, /= (\d+)/.exec(result)?.[1]);
    return () => undefined;
  }

  #sync(path: string): (result: string) => void {
    const began = this.#time;
    return (result) => {
      const changed = this.#unsynced.get(path) ?? began;
      if (/= 0/.test(result) && changed <= began) this.#unsynced.delete(path);
    };
  }

  #write(descriptor: string, path: string, data: string, offset: string): void {
    if (descriptor === '1') for (const line of data.split('\\n').slice(0, -1)) this.#moment('said', line);
    else if (this.#synced.has(descriptor)) this.#moment('wrote-synced', path, offset);
    else {
      this.#moment('wrote', path, offset);
      this.#change(path);
    }
  }

  #rename(from: string, to: string): (result: string) => void {
    this.#moment('renamed', to);
    return (result) => {
      if (!/= 0/.test(result)) return;
      const changed = this.#unsynced.get(from);
      this.#unsynced.delete(from);
      if (changed !== undefined) this.#unsynced.set(to, changed);
      this.#known.delete(from);
      this.#known.add(to);
      for (const name of [from, to]) this.#change(join(name, '..'));
    };
  }

  #open(path: string, text: string, descriptor: string | undefined): void {
    if (descriptor === undefined) return;
    this.#synced.delete(descriptor);
    if (text.includes('O_DSYNC')) this.#synced.add(descriptor);
    if (text.includes('O_CREAT')) this.#appear(path);
    if (text.includes('O_TRUNC')) this.#change(path);
  }

  /** A file or a folder; it may have been there before this program opened it. */
  #appear(path: string): void {
    if (this.#known.has(path)) return;
    this.#known.add(path);
    this.#change(join(path, '..'));
  }

  #change(path: string): void {
    if (relative(this.#folder, path).startsWith('..')) return;
    this.#unsynced.set(path, ++this.#time);
  }

  #moment(kind: DiskMoment['kind'], text: string, offset = ''): void {
    const named = (path: string) => relative(this.#folder, path) || '.';
    this.moments.push({
      kind,
      text: kind === 'said' ? text : named(text) + offset,
      unsynced: [...this.#unsynced.keys()].map(named).sort(),
    });
  }
}

/** The last argument of a pwrite64, whose other end may not be there yet. */
function offsetIn(text: string): string {
  const offset = /^pwrite64.*, (\d+)(?:\)|$)/.exec(text)?.[1];
  return offset === undefined ? '' : ` ${offset}`;
}
