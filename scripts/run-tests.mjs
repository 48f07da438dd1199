// Runs the built tests with node:test. Usage: node scripts/run-tests.mjs [part of a path ...]
// Node 20 expands no globs, so the list of files is made here.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const wanted = process.argv.slice(2);
const files = readdirSync('dist/test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .map((file) => join('dist/test', file))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(
    `no test file matches ${wanted.join(' ')}; build first, and name part of a path below dist/test`,
  );
  process.exit(2);
}

// Load generators, browsers and whole fleets want the machine for themselves, so these come last, one after the other.
const WANT_THE_MACHINE = ['real-programs', 'compose', 'shared-address', 'how-to', 'dashboard', 'quick-start'];
const isEndToEnd = (file) => file.includes('/e2e/') || file.startsWith('dist/test/faults/');
const wantsTheMachine = (file) =>
  file.startsWith('dist/test/faults/') || WANT_THE_MACHINE.some((name) => file.includes(`/e2e/${name}`));
const groups = [
  { files: files.filter((file) => !isEndToEnd(file)), concurrency: 2 },
  { files: files.filter((file) => isEndToEnd(file) && !wantsTheMachine(file)), concurrency: 2 },
  { files: files.filter(wantsTheMachine), concurrency: 1 },
];
const flags = ['--enable-source-maps', '--test', '--test-reporter=spec', '--test-timeout=300000'];
const codes = groups
  .filter((group) => group.files.length > 0)
  .map((group) => {
    const args = [...flags, `--test-concurrency=${group.concurrency}`, ...group.files];
    return spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
  });
process.exit(Math.max(...codes));
