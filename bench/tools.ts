/** The programs a bench needs, where they are, and what to install when one is missing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGES = {
  taskset: 'util-linux',
  setpriv: 'util-linux',
  wrk: 'wrk',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  perf: 'linux-perf',
  strace: 'strace',
} as const;
export type Tool = keyof typeof PACKAGES;

const STREAM_MODULE = 'ngx_stream_module.so';
const MODULE_FOLDERS = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/local/lib/nginx/modules'];

/** The file of a program, or undefined when it is not on this machine. */
export function findTool(name: Tool): string | undefined {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  return [...path, '/usr/sbin', '/usr/bin']
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** The file of a program that must be there. */
export function requireTool(name: Tool): string {
  const file = findTool(name);
  if (file === undefined) throw new Error(missing(name));
  return file;
}

/** nginx's stream module as its package installs it. */
export function findStreamModule(): string | undefined {
  return MODULE_FOLDERS.map((folder) => join(folder, STREAM_MODULE)).find((file) => existsSync(file));
}

/** What a bench can't do on this machine, a line each, with how to get it. */
export function missingPeers(): readonly string[] {
  const lines: string[] = [];
  if (findTool('haproxy') === undefined) lines.push(`no comparison with HAProxy: ${missing('haproxy')}`);
  if (findStreamModule() === undefined) {
    lines.push('no comparison with nginx: stream module not found: apt-get install libnginx-mod-stream');
  }
  if (findTool('perf') === undefined && findTool('strace') === undefined) {
    lines.push(`system calls are not counted: ${missing('perf')} (or strace)`);
  }
  return lines;
}

/** Refuses when what generates the load is missing. */
export function requireLoadTools(): void {
  const absent = (['taskset', 'setpriv', 'wrk', 'nginx'] as const).filter(
    (name) => findTool(name) === undefined,
  );
  if (absent.length > 0) throw new Error(absent.map(missing).join('\n'));
}

function missing(name: Tool): string {
  return `${name} not found: apt-get install ${PACKAGES[name]}`;
}
