/** docs/how-to: every command in a bash block, as it stands there, from a clean state on a machine of its own. */
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isRoot, Network, type Host } from '../../harness/containers/network.ts';
import { CHECKOUT, temporaryFolder } from '../../harness/programs/processes.ts';
import { present } from '../../harness/programs/real-servers.ts';
import { filesBelow, readText } from '../../harness/source-tree.ts';

/** What a checkout has and a command may name. */
const OF_CHECKOUT = ['dist', 'node_modules', 'examples', 'deploy'];
/** What npx keeps is kept with the rest, and it asks nobody: a machine of this network reaches no registry. */
const NPM_SETTINGS = [
  'export npm_config_cache="$PWD/.npm" npm_config_offline=true npm_config_update_notifier=false',
];
function commandsOf(page: string): readonly string[] {
  return [...readText(page).matchAll(/^```bash\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
}

/** A machine with nothing but a checkout on it: all ports free, nothing stored. */
function cleanMachine(t: TestContext): { host: Host; folder: string } {
  const folder = temporaryFolder(t);
  for (const name of OF_CHECKOUT) symlinkSync(join(CHECKOUT, name), join(folder, name));
  // Without its scripts: the first npx in a folder runs `prepare`, and a build under other tests breaks them.
  const { name, version, type, bin } = JSON.parse(readText('package.json')) as Record<string, unknown>;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version, type, bin }));
  return { host: new Network(t).addHost(t), folder };
}

// Each page has a machine of its own, so two run at once.
describe('docs/how-to', { concurrency: 2 }, () => {
  const pages = filesBelow('docs/how-to', '.md').filter((page) => commandsOf(page).length > 0);

  it('starts what runs in the background as itself: a signal to npx would leave the program running', () => {
    const behindNpx = pages
      .flatMap(commandsOf)
      .flatMap((block) => block.match(/^.*\bnpx [^&\n]*&(?!&).*$/gm) ?? []);
    assert.deepEqual(behindNpx, []);
  });

  it('starts no program by way of npx that ends by a signal, nor does any other page', () => {
    const all = [
      'README.md',
      'CONTRIBUTING.md',
      ...filesBelow('docs', '.md'),
      ...filesBelow('deploy', '.md'),
    ];
    const starts = all.flatMap(
      (page) => readText(page).match(/^.*\bnpx (lb-|lbctl register).*--.*$/gm) ?? [],
    );
    assert.deepEqual(starts, []);
  });

  for (const page of pages) {
    it(`${page}: every command works, in its order`, async (t) => {
      if (!isRoot(t) || !present(t, 'etcd', 'etcdctl')) return;
      const { host, folder } = cleanMachine(t);
      if (readText(page).includes('`npm start` runs in another terminal')) {
        const started = host.start(t, 'sh', ['-c', `cd '${folder}' && exec node dist/scripts/start.js`]);
        await started.line((line) => line.startsWith('Equipoise is running'), 'the welcome');
      }
      const blocks = commandsOf(page);
      const ends = blocks.map((_, index) => `the-end-of-block-${index + 1}-of-${blocks.length}`);
      const script = [
        'set -eu -o pipefail',
        `cd '${folder}'`,
        ...NPM_SETTINGS,
        'set -x',
        ...blocks.flatMap((block, index) => [block, `echo ${ends[index]}`]),
      ];
      const typed = host.start(t, 'bash', ['-c', script.join('\n')]);
      for (const end of ends) await typed.line((line) => line === end, end);
    });
  }
});
