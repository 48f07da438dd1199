// Which test files run, which of them share a process, and which processes run side by side.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** What needs no server, no root and no package of the system. */
const QUICK = /^(unit|property|contract)\/|^[^/]+\.test\.js$/;
const NEEDS_SERVERS_OR_PROGRAMS = /etcd|^docs\./;
/** Run by `npm run test:long` alone. */
const LONG_ONLY = /^long\//;
/** Run by `npm run test:long` too, larger or longer than in `npm test`. */
const HAS_A_LONG_FORM = /\/run-length\.js'/;
/** Starting a process costs more than most of these tests, so they share some. */
const SHARES_A_PROCESS = /^(unit|property)\//;
const FILES_PER_PROCESS = 20;
/**
 * Run last, one at a time. The long form of a fault run expects a machine of its own. Beside containers and fleets, pages
 * in the browser sometimes stayed empty, because none of their scripts had run; the cause is not known.
 */
const RUNS_LAST_AND_ALONE = { quick: /^$/, all: /^e2e\/dashboard/, long: /^faults\// };
/** The longest start first, so that no core is idle at the end; the slowest files of a run say what belongs here. */
const ORDER = [
  /^e2e\/(?:real-programs|how-to|registration|shared-address|compose|quick-start)/,
  /^contract\/store\/config-store\.etcd/,
  /^(?:faults|e2e)\//,
  /^integration\//,
  /^contract\//,
  /^explorer\//,
];

const IN_SCOPE = {
  quick: (file) => QUICK.test(file) && !NEEDS_SERVERS_OR_PROGRAMS.test(file),
  all: (file) => !LONG_ONLY.test(file),
  long: (file, root) => LONG_ONLY.test(file) || HAS_A_LONG_FORM.test(readFileSync(join(root, file), 'utf8')),
};

/** Groups that run one after the other: the processes in the order in which they start, and how many run side by side. */
export function planTests(root, { scope, parts }) {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => IN_SCOPE[scope](file, root))
    .filter((file) => parts.length === 0 || parts.some((part) => join(root, file).includes(part)))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const last = files.filter((file) => RUNS_LAST_AND_ALONE[scope].test(file));
  const others = files.filter((file) => !last.includes(file));
  const shared = others.filter((file) => SHARES_A_PROCESS.test(file));
  const single = others.filter((file) => !SHARES_A_PROCESS.test(file)).map((file) => [file]);
  // Whole programs wait for each other much of the time, so one more than there are cores keeps the cores busy.
  const atOnce = availableParallelism() + (scope === 'all' ? 1 : 0);
  const groups = [
    { processes: [...single, ...inBatches(shared)], atOnce },
    { processes: last.map((file) => [file]), atOnce: 1 },
  ];
  return groups.map((group) => ({
    ...group,
    processes: group.processes.map((batch) => batch.map((file) => join(root, file))),
  }));
}

function rank(file) {
  const index = ORDER.findIndex((pattern) => pattern.test(file));
  return index < 0 ? ORDER.length : index;
}

/** Equal shares of files that are like each other in each batch. */
function inBatches(files) {
  const count = Math.ceil(files.length / FILES_PER_PROCESS);
  return Array.from({ length: count }, (_, batch) => files.filter((_file, index) => index % count === batch));
}
