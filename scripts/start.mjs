// What `npm start` runs: it says so at once, builds what `npm ci` has not built or what was edited since, and goes on as
// dist/scripts/start.js, in this process: npm and its signals are known by the parent.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** finish-build.mjs writes it last. */
const STAMP = 'dist/.built';
const FOLDERS = ['core', 'proto', 'control-plane', 'data-plane', 'cli', 'scripts', 'examples'];
const FILES = ['package.json', 'package-lock.json', 'tsconfig.json'];
/** Made by the build itself. */
const GENERATED = /^core\/wire\/\.?generated/;

const newest = newestSource();
const isBuilt = newest <= timeOf(STAMP);
console.log(
  isBuilt
    ? 'Starting a control plane, a proxy and what they need ...'
    : 'Compiling first, since the sources are newer than what was built ...',
);
if (!isBuilt) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
await import('../dist/scripts/start.js');

function newestSource() {
  const sources = FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  return Math.max(...[...FILES, ...sources].filter((file) => !GENERATED.test(file)).map(timeOf));
}

/** 0: it does not exist. Of a folder it tells that a file was removed. */
function timeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
