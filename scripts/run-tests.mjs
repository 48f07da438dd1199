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
const testTimeoutMs = scope === 'long' ? 3_600_000 : 300_000;
/** A process that is still running after this long is killed, and counts as failed. */
const processTimeoutMs = 2 * testTimeoutMs;
const { processes, atOnce } = planTests('dist/test', { scope, parts });
if (processes.length === 0) {
  console.error(
    `No test file matches ${parts.join(' ')}. Build first, and name a part of a path below dist/test.`,
  );
  process.exit(2);
}
/** The name of every test is printed only when a part was named. */
const isVerbose = parts.length > 0;
const reports = mkdtempSync(join(tmpdir(), 'equipoise-tests-'));
const tally = new TestTally();
const waiting = [...processes.entries()];

/** Runs the files in one process, and waits for its end. */
function runProcess(files, report) {
  const args = [
    '--enable-source-maps',
    `--test-timeout=${testTimeoutMs}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/test-results.mjs',
    `--test-reporter-destination=${report}`,
    ...(files.length === 1 ? files : ['scripts/load-tests.mjs', ...files]),
  ];
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), processTimeoutMs);
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ ms: Date.now() - startedMs, end: signal ?? code, output: Buffer.concat(output).toString() });
    });
  });
}

async function runAndTally(files, name) {
  const report = join(reports, name);
  const { ms, end, output } = await runProcess(files, report);
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : [];
  tally.addProcess(
    files,
    lines.map((line) => JSON.parse(line)),
    { ms, end },
  );
  if (isVerbose || end !== 0) console.log(output);
  if (!isVerbose) for (const file of files) console.log(tally.lineOf(file));
}

/** Runs processes one after the other, as long as any is left. */
async function runWaiting() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const [index, files] = next;
    await runAndTally(files, `${index}.jsonl`);
  }
}

const startedMs = Date.now();
await Promise.all(Array.from({ length: atOnce }, runWaiting));
rmSync(reports, { recursive: true });
tally.print();
console.log(`took ${seconds(Date.now() - startedMs)}`);
process.exitCode = tally.hasFailed ? 1 : 0;
