/** docs/how-to: every command in a bash block, as it stands there, from a clean state on a machine of its own. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isRoot, Network, type Host } from '../harness/containers/network.ts';
import { CHECKOUT, temporaryFolder } from '../harness/processes.ts';
import { present } from '../harness/real-servers.ts';
import { filesBelow, readText } from '../harness/source-tree.ts';

/** What a checkout has and a command may name. */
const OF_CHECKOUT = ['dist', 'node_modules', 'examples', 'deploy', 'package.json'];
const SAID_AT_THE_END = 'the-end-of-the-page';
/** Without its second of start-up, and the build that comes before npm start. */
const SHORTER = [
  'npx() { local name=$1; shift; case $name in',
  '  lbctl) exec_node cli "$@";; lb-control-plane) exec_node control-plane "$@";; lb-data-plane) exec_node data-plane "$@";;',
  '  *) command npx "$name" "$@";; esac; }',
  // Behind & it has to be the program itself that a signal reaches.
  'exec_node() { if [ $BASHPID != $$ ]; then exec node "dist/$1/main.js" "${@:2}"; else node "dist/$1/main.js" "${@:2}"; fi; }',
];

function commandsOf(page: string): readonly string[] {
  return [...readText(page).matchAll(/^```bash\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
}

/** A machine with nothing but a checkout on it: all ports free, nothing stored. */
function cleanMachine(t: TestContext): { host: Host; folder: string } {
  const folder = temporaryFolder(t);
  for (const name of OF_CHECKOUT) symlinkSync(join(CHECKOUT, name), join(folder, name));
  return { host: new Network(t).addHost(t), folder };
}

describe('docs/how-to', () => {
  const pages = filesBelow('docs/how-to', '.md').filter((page) => commandsOf(page).length > 0);

  it('has the pages that an operator looks for', () => {
    const names = filesBelow('docs/how-to', '.md').map((page) => page.replace(/^.*\/|\.md$/g, ''));
    assert.deepEqual([...names].sort(), [
      'add-a-backend',
      'add-control-planes',
      'drain-a-host',
      'put-an-entry-in-front',
      'read-an-alert',
      'restart-a-proxy',
      'restore-from-backup',
      'upgrade',
    ]);
  });

  for (const page of pages) {
    it(`${page}: every command works, in its order`, async (t) => {
      if (!isRoot(t) || !present(t, 'etcd', 'etcdctl')) return;
      const { host, folder } = cleanMachine(t);
      if (readText(page).includes('`npm start` runs in another terminal')) {
        const started = host.start(t, 'sh', ['-c', `cd '${folder}' && exec node dist/scripts/start.js`]);
        await started.line(
          (line) => (line.startsWith('Equipoise is running') ? true : undefined),
          'the welcome',
        );
      }
      const script = [
        'set -eu -o pipefail',
        `cd '${folder}'`,
        ...SHORTER,
        'set -x',
        ...commandsOf(page),
        `echo ${SAID_AT_THE_END}`,
      ];
      const typed = host.start(t, 'bash', ['-c', script.join('\n')]);
      await typed.line((line) => (line === SAID_AT_THE_END ? true : undefined), 'the end of the page');
    });
  }
});
