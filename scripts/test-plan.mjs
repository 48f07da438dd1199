// Which test files run, which of them share a process, and which processes run side by side.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What needs no server, no root and no package of the system. */
const QUICK = /^(unit|property|contract)\/|^[^/]+\.test\.js$/;
const NEEDS_SERVERS = /etcd/;
/** Run by `npm run test:long` alone. */
const LONG = /^long\//;
/** These share a process with others: they start no worker, no process and no server of their own. */
const SHARES_A_PROCESS = /^(unit|property)\//;
const FILES_PER_PROCESS = 20;
/** Browsers, load generators and whole fleets are slow beside others, so these run last, one after the other. */
const WANTS_THE_MACHINE =
  /^faults\/|^e2e\/(?:real-programs|compose|shared-address|how-to|dashboard|quick-start)/;
/** What takes longest starts first, so that no core is idle at the end. */
const ORDER = [/^faults\//, /^e2e\//, /^contract\/store\//, /^integration\//, /^contract\//, /^explorer\//];

/** Groups that run one after the other; in each, the processes with their files. */
export function planTests(root, { scope, parts }) {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => LONG.test(file) === (scope === 'long'))
    .filter((file) => scope !== 'quick' || (QUICK.test(file) && !NEEDS_SERVERS.test(file)))
    .filter((file) => parts.length === 0 || parts.some((part) => join(root, file).includes(part)))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  const shared = files.filter((file) => SHARES_A_PROCESS.test(file));
  const others = files.filter((file) => !SHARES_A_PROCESS.test(file));
  const parallel = others.filter((file) => !WANTS_THE_MACHINE.test(file)).map((file) => [file]);
  const groups = [
    { processes: [...parallel, ...inBatches(shared)], atOnce: 2 },
    { processes: others.filter((file) => WANTS_THE_MACHINE.test(file)).map((file) => [file]), atOnce: 1 },
  ];
  return groups
    .filter(({ processes }) => processes.length > 0)
    .map(({ processes, atOnce }) => ({
      atOnce,
      processes: processes.map((batch) => batch.map((file) => join(root, file))),
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
