/** The files of the page: those below public/, and uPlot for the charts. They are read at the start, so a missing one is noticed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HttpAnswer, Routes } from '../../core/runtime/http-server.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const require = createRequire(import.meta.url);
const CHARTS = {
  '/charts/uplot.js': 'uplot/dist/uPlot.esm.js',
  '/charts/uplot.css': 'uplot/dist/uPlot.min.css',
};

export interface PageFiles {
  readonly routes: Routes;
  /** Changes when any of the files changes. */
  readonly version: string;
}

export function pageFiles(): PageFiles {
  const folder = fileURLToPath(new URL('./public/', import.meta.url));
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => extname(name) in TYPES)
    .sort()
    .map((name) => [pathOf(name), file(`${folder}${name}`)] as const);
  const charts = Object.entries(CHARTS).map(([path, name]) => [path, file(require.resolve(name))] as const);
  const all = [...own, ...charts];
  return {
    routes: Object.fromEntries(all.map(([path, answer]) => [path, () => answer])),
    version: digestOf(all.map(([path, { headers }]) => `${path} ${headers?.['etag']}`).join()),
  };
}

function pathOf(name: string): string {
  return name === 'index.html' ? '/' : `/${name.replaceAll('\\', '/')}`;
}

/** A browser checks on each load whether a file changed, so after an upgrade it never mixes old and new files. */
function file(name: string): HttpAnswer {
  const body = readFileSync(name);
  const etag = `"${digestOf(body)}"`;
  const contentType = TYPES[extname(name)] ?? 'application/octet-stream';
  return { status: 200, contentType, body, headers: { etag, 'cache-control': 'no-cache' } };
}

function digestOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}
