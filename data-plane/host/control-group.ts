/** Limits of the control groups that this process is in, version 1 and 2. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Reads a small file; null when it can't be read. */
export type ReadText = (path: string) => string | null;

/** Reads the limit of one resource in the folder of a group. Null: there is no limit. */
export interface GroupLimit {
  /** The name of its controller in version 1. */
  readonly controller: string;
  readonly v1: (folder: string, read: ReadText) => number | null;
  readonly v2: (folder: string, read: ReadText) => number | null;
}

/** The lowest limit of all groups that this process is in; null: no limit, or none that can be read. */
export function strictestLimit({ controller, v1, v2 }: GroupLimit, read: ReadText): number | null {
  const limits: (number | null)[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, group] = /^\d+:([^:]*):(.+)$/.exec(line) ?? [];
    if (controllers === undefined || group === undefined) continue;
    if (controllers === '') {
      limits.push(...upwards('/sys/fs/cgroup', group).map((folder) => v2(folder, read)));
    } else if (controllers.split(',').includes(controller)) {
      limits.push(...upwards(`/sys/fs/cgroup/${controller}`, group).map((folder) => v1(folder, read)));
    }
  }
  const set = limits.filter((limit) => limit !== null);
  return set.length === 0 ? null : Math.min(...set);
}

/** The limits of all enclosing groups apply too. */
function upwards(root: string, group: string): string[] {
  const folders: string[] = [];
  for (let path = group; ; path = dirname(path)) {
    folders.push(join(root, path));
    if (path === '/' || path === '.') return folders;
  }
}

export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
