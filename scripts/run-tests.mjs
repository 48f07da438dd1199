// Runs the built tests: node scripts/run-tests.mjs [--quick | --long] [part of a path below dist/test ...]
// docs/testing.md says which tests each of them runs, and how to read what this prints.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planTests } from './test-plan.mjs';

const TEST_TIMEOUT_MS = 300_000;
/** A process that is still there after this long is killed, and counts as failed. */
const PROCESS_TIMEOUT_MS = 600_000;
const SLOWEST_SHOWN = 20;

const { values: flags, positionals: parts } = parseArgs({
  options: { quick: { type: 'boolean' }, long: { type: 'boolean' } },
  allowPositionals: true,
});
const scope = flags.quick ? 'quick' : flags.long ? 'long' : 'all';
const plan = planTests('dist/test', { scope, parts });
if (plan.length === 0) {
  console.error(
    `No test file matches ${parts.join(' ')}. Build first, and name a part of a path below dist/test.`,
  );
  process.exit(2);
}
/** The names of all tests are shown only when somebody has asked for some of them. */
const isVerbose = parts.length > 0;
const results = mkdtempSync(join(tmpdir(), 'equipoise-tests-'));
const files = new Map();
const skips = new Map();
const counts = { tests: 0, pass: 0, fail: 0, skipped: 0 };
const failed = [];

/** Runs one process of the plan and waits for its end. */
function runProcess(files, id) {
  const report = join(results, `${id}.jsonl`);
  const args = [
    '--enable-source-maps',
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./scripts/test-results.mjs',
    `--test-reporter-destination=${report}`,
    ...(files.length === 1 ? files : ['scripts/load-tests.mjs', ...files]),
  ];
  return new Promise((resolve) => {
    const startedMs = Date.now();
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), PROCESS_TIMEOUT_MS);
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const ms = Date.now() - startedMs;
      resolve({ files, report, ms, end: signal ?? code, output: Buffer.concat(output).toString() });
    });
  });
}

/** Counts what a process reported, and prints its output if somebody needs it. */
function account({ files: ran, report, ms, end, output }) {
  let failures = 0;
  const own = new Map(ran.map((file) => [file, { ms: 0, tests: 0 }]));
  for (const line of readLines(report)) {
    const result = JSON.parse(line);
    const file = own.get(result.file);
    if (file && result.isTop) file.ms += result.ms;
    if (result.isSuite) continue;
    counts.tests += 1;
    if (file) file.tests += 1;
    if (result.skipped !== undefined) {
      counts.skipped += 1;
      skips.set(result.skipped, (skips.get(result.skipped) ?? 0) + 1);
    } else if (result.passed) counts.pass += 1;
    else {
      failures += 1;
      counts.fail += 1;
      failed.push(`${result.file ?? ran.join(' ')}: ${result.name}`);
    }
  }
  if (end !== 0 && failures === 0) {
    counts.fail += 1;
    failed.push(`${ran.join(' ')}: the process ended with ${end}`);
  }
  if (ran.length === 1) own.get(ran[0]).ms = ms;
  for (const [file, { ms: took, tests }] of own) {
    files.set(file, took);
    if (!isVerbose) console.log(`${end === 0 ? '✔' : '✖'} ${file} (${tests} tests, ${seconds(took)})`);
  }
  if (isVerbose || end !== 0) console.log(output);
}

function readLines(path) {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** Runs the processes of one group side by side, the first ones first. */
async function runGroup({ processes, atOnce }, group) {
  const waiting = processes.map((files, index) => ({ files, id: `${group}-${index}` }));
  const runNext = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      account(await runProcess(next.files, next.id));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runNext));
}

const startedMs = Date.now();
for (const [index, group] of plan.entries()) await runGroup(group, index);
rmSync(results, { recursive: true });

if (files.size > SLOWEST_SHOWN) {
  console.log(`\nThe ${SLOWEST_SHOWN} slowest test files:`);
  const slowest = [...files].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_SHOWN);
  for (const [file, ms] of slowest) console.log(`${seconds(ms).padStart(8)}  ${file}`);
}
for (const [reason, count] of skips) console.log(`skipped ${count}: ${reason}`);
for (const name of failed) console.log(`✖ ${name}`);
console.log(
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join('\n'),
);
console.log(`took ${seconds(Date.now() - startedMs)}`);
process.exitCode = counts.fail === 0 ? 0 : 1;
