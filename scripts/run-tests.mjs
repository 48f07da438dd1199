// Runs the built tests: node scripts/run-tests.mjs [--quick | --long] [part of a path below dist/test ...]
// docs/testing.md says which tests each of these runs, and how to read what is printed.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planTests } from './test-plan.mjs';
import { seconds, TestTally } from './test-tally.mjs';

const { values: flags, positionals: parts } = parseArgs({
  options: { quick: { type: 'boolean' }, long: { type: 'boolean' } },
  allowPositionals: true,
});
const scope = flags.quick ? 'quick' : flags.long ? 'long' : 'all';
if (scope === 'long') process.env.TEST_LENGTH = 'long';
/** A process that is still running after this long is killed, and counts as failed. */
const timeoutMs = scope === 'long' ? 30 * 60_000 : 5 * 60_000;
/** What a test left running may hold the output open. */
const outputGraceMs = 1_000;
const groups = planTests('dist/test', { scope, parts });
if (groups.every(({ processes }) => processes.length === 0)) {
  console.error(
    `No test file matches ${parts.join(' ')}. Build first, and name a part of a path below dist/test.`,
  );
  process.exit(2);
}
/** The name of every test is printed only when a part was named. */
const isVerbose = parts.length > 0;
const reports = mkdtempSync(join(tmpdir(), 'equipoise-tests-'));
const tally = new TestTally();
let reportCount = 0;
/** Each process leads a group of its own, so that what its tests started can be killed with it. */
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of running) killGroup(child);
    process.exit(1);
  });
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Runs the files in one process, and waits for its end. */
function runProcess(files, report) {
  const args = [
    '--enable-source-maps',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/test-results.mjs',
    `--test-reporter-destination=${report}`,
    ...(files.length === 1 ? files : ['scripts/load-tests.mjs', ...files]),
  ];
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    running.add(child);
    const timer = setTimeout(() => killGroup(child), timeoutMs);
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    let ms;
    let grace;
    child.on('exit', () => {
      ms = Date.now() - startedMs;
      clearTimeout(timer);
      grace = setTimeout(() => {
        killGroup(child);
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
      }, outputGraceMs);
    });
    child.on('close', (code, signal) => {
      clearTimeout(grace);
      running.delete(child);
      resolve({ ms, end: signal ?? code, output: Buffer.concat(output).toString() });
    });
  });
}

/** The lines of a report; the last one of a process that was killed may be incomplete. */
function reportsIn(path, files) {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  return lines.map((line) => {
    try {
      return JSON.parse(line);
    } catch {
      return { name: `a result that can't be read: ${line}`, file: files[0], passed: false };
    }
  });
}

async function runAndTally(files) {
  const path = join(reports, `${reportCount++}.jsonl`);
  const { ms, end, output } = await runProcess(files, path);
  tally.addProcess(files, reportsIn(path, files), { ms, end });
  if (isVerbose || end !== 0) console.log(output);
  if (!isVerbose) for (const file of files) console.log(tally.lineOf(file));
}

/** Runs processes one after the other, as long as any is left. */
async function runWaiting(waiting) {
  for (let files = waiting.shift(); files !== undefined; files = waiting.shift()) await runAndTally(files);
}

const startedMs = Date.now();
for (const { processes, atOnce } of groups) {
  await Promise.all(Array.from({ length: atOnce }, () => runWaiting(processes)));
}
rmSync(reports, { recursive: true });
console.log(tally.lines().join('\n'));
console.log(`took ${seconds(Date.now() - startedMs)}`);
process.exitCode = tally.hasFailed ? 1 : 0;
