/** A control group with a memory limit, of version 1 or 2. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MemoryGroup {
  readonly folder: string;
  /** Once no process is in it. */
  remove(): void;
}

/** Null where this user can't make one. */
export function makeMemoryGroup(name: string, bytes: number): MemoryGroup | null {
  const one = '/sys/fs/cgroup/memory';
  const [root, file] = existsSync(one) ? [one, 'memory.limit_in_bytes'] : ['/sys/fs/cgroup', 'memory.max'];
  const folder = join(root, `${name}-${process.pid}`);
  const remove = () => rmdirSync(folder);
  try {
    mkdirSync(folder);
  } catch {
    return null;
  }
  // Where /sys/fs/cgroup is no control group, this is a plain folder without the file.
  if (!existsSync(join(folder, file))) {
    remove();
    return null;
  }
  writeFileSync(join(folder, file), String(bytes));
  return { folder, remove };
}
