/** The text that `npm start` prints when everything runs: commands that can be copied. Pure. */
import { portOf, type Addresses } from './addresses.ts';
import type { StartOptions } from './options.ts';

type Hint = readonly [command: string, why: string];

function demoHints(at: Addresses, more: string): readonly Hint[] {
  const [first] = at.demo;
  return [
    [`curl http://${at.web}/`, 'again and again: three backends answer'],
    ['npx lbctl get pools', 'also: backends, listeners, policies, proxies, revisions'],
    ['npx lbctl health', 'every backend, as each proxy sees it'],
    ['npx lbctl top', 'what goes through it, live; q quits'],
    [`node dist/examples/demo-backend.js ${portOf(at.spare)} &`, 'a fourth backend'],
    [`npx lbctl backend add web ${at.spare} --wait`, 'in use once it passed a check'],
    [`npx lbctl backend set web ${at.spare} --weight 3`, 'three times the share'],
    [`npx lbctl backend drain web ${first} --wait`, 'no new connections; waits for the open ones'],
    [`npx lbctl backend enable web ${first}`, 'back again'],
    [`npx lbctl backend remove web ${at.spare}`, 'its open connections drain'],
    ['npx lbctl set policy default --strategy least_connections', 'another strategy, on the fly'],
    [`npx lbctl diff -f ${more}`, 'what would change'],
    [`npx lbctl apply -f ${more} --wait`, `a second listener: http://${at.sticky}/`],
    ['npx lbctl delete listener sticky', 'gone again'],
    ['npx lbctl get pool web -o json', 'for scripts'],
    ['npx lbctl export', 'all of it, as one manifest'],
    [`curl http://${at.admin}/metrics`, 'metrics of the proxy'],
  ];
}

const EMPTY_HINTS: readonly Hint[] = [
  ['npx lbctl apply -f YOUR.yaml --wait', 'examples/quickstart.yaml shows how one looks'],
  ['npx lbctl get pools', 'also: backends, listeners, policies, proxies, revisions'],
  ['npx lbctl --help', 'everything else'],
];

/** The text about what runs and what to try. `more` is the path of examples/more.yaml, or of its shifted copy. */
export function hintText(options: StartOptions, at: Addresses, more: string): string {
  const hints = options.demo ? demoHints(at, more) : EMPTY_HINTS;
  const width = Math.max(...hints.map(([command]) => command.length));
  return [
    '',
    'Equipoise is running. Ctrl-C stops it; the next start uses the same configuration.',
    '',
    `  dashboard      http://${at.http}/`,
    `  control plane  ${at.grpc} (gRPC)`,
    ...(options.demo ? [`  load balancer  http://${at.web}/`] : []),
    `  logs           ${options.dataDir}/*.log`,
    '',
    'Try these commands in a second terminal, in this folder:',
    '',
    ...(options.portOffset === 0 ? [] : [`  export LBCTL_SERVER=${at.grpc}`]),
    ...hints.map(([command, why]) => `  ${command.padEnd(width)}   # ${why}`),
    '',
  ].join('\n');
}
